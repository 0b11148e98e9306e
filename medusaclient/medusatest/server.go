package medusatest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// keepAlive is how long Medusa's Node process keeps an idle connection open.
const keepAlive = 5 * time.Second

// maxHead is Node's bound on the request line and headers, in bytes.
const maxHead = 16 << 10

// Server is an in-memory Medusa. It is an http.Handler and, once started,
// listens on a loopback port. All methods may be called concurrently.
type Server struct {
	catalogue []byte
	accounts  *accounts
	failures  *failures
	ledger    *ledger
	table     []route

	mu     sync.RWMutex
	tables *tables

	listening sync.Mutex
	addr      string
	http      *http.Server
	stop      context.CancelFunc
}

// New returns a Medusa that holds the embedded Cannahub catalogue.
func New() *Server {
	s, err := NewWith(catalogueJSON)
	if err != nil {
		panic(fmt.Sprintf("the embedded catalogue: %v", err))
	}
	return s
}

// NewWith returns a Medusa that holds the given catalogue, JSON in the format
// of the embedded one. It errs when the catalogue cannot be read.
func NewWith(catalogue []byte) (*Server, error) {
	s := &Server{
		catalogue: catalogue,
		accounts:  newAccounts(),
		failures:  &failures{},
		ledger:    &ledger{},
	}
	tables, err := loadTables(catalogue)
	if err != nil {
		return nil, err
	}
	s.tables = tables
	s.table = s.routes()
	return s, nil
}

// Reset brings back the catalogue, the accounts and the settings a new Server
// has, lifts all failures and empties the ledger. It keeps listening.
func (s *Server) Reset() {
	tables, err := loadTables(s.catalogue)
	if err != nil {
		panic(fmt.Sprintf("a catalogue that was read before: %v", err))
	}
	s.mu.Lock()
	s.tables = tables
	s.mu.Unlock()
	s.accounts.reset()
	s.failures.reset()
	s.ledger.reset()
}

// Start listens on a free loopback port, or, after Close, on the port it had
// before, and returns the base URL.
func (s *Server) Start() (string, error) {
	s.listening.Lock()
	defer s.listening.Unlock()
	if s.http != nil {
		return "http://" + s.addr, nil
	}
	addr := s.addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return "", fmt.Errorf("listen on %s: %w", addr, err)
	}
	s.addr = listener.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.http = &http.Server{
		Handler:           s,
		IdleTimeout:       keepAlive,
		ReadHeaderTimeout: time.Minute,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	go func(server *http.Server) {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			panic(fmt.Sprintf("medusatest: %v", err))
		}
	}(s.http)
	return "http://" + s.addr, nil
}

// Close stops listening and cuts every connection, as a killed process does.
// The data stays; Start brings the server back at the same address.
func (s *Server) Close() {
	s.listening.Lock()
	defer s.listening.Unlock()
	if s.http == nil {
		return
	}
	s.stop() // requests held on command end with the server
	_ = s.http.Close()
	s.http = nil
}
