package medusa

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// PostgresURL is the address of a database on a server that makes new ones: the PostgreSQL that GATEWAY_TEST_POSTGRES
// names, else the real Medusa's, which is started for it.
func PostgresURL(t testing.TB) string {
	t.Helper()
	if server := os.Getenv("GATEWAY_TEST_POSTGRES"); server != "" {
		return server
	}
	return Start(t).DatabaseURL
}

// NewDatabase makes an empty database on the server of a PostgreSQL and returns its URL. It is dropped when the test ends.
func NewDatabase(t testing.TB, server string) string {
	t.Helper()
	address, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	name := "gateway_" + rand.Text()
	if _, err := admin.ExecContext(t.Context(), `CREATE DATABASE "`+name+`"`); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.ExecContext(context.Background(), `DROP DATABASE "`+name+`" WITH (FORCE)`); err != nil {
			t.Error(err)
		}
		if err := admin.Close(); err != nil {
			t.Error(err)
		}
	})
	address.Path = "/" + name
	return address.String()
}
