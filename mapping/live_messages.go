package mapping

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// What a client asks for over a WebSocket: the types of its messages.
const (
	LiveSubscribe   = "subscribe"
	LiveUnsubscribe = "unsubscribe"
	LiveResume      = "resume"
	LivePing        = "ping"
)

// What a client is told besides changes: the types of the gateway's messages.
const (
	LiveSubscribed   = "subscribed"
	LiveUnsubscribed = "unsubscribed"
	LiveGap          = "gap"
	LivePong         = "pong"
	LiveError        = "error"
)

// levelEntity is the one thing that can be followed.
const levelEntity = "inventory_level"

// LiveRequest is a message that a client sends over a WebSocket. Following belongs to
// LiveSubscribe and LiveUnsubscribe, After to LiveResume.
type LiveRequest struct {
	Type      string
	Following Following
	After     string
}

var (
	liveFields = map[string][]string{
		LiveSubscribe:   {"type", "entity", "filters"},
		LiveUnsubscribe: {"type", "entity", "filters"},
		LiveResume:      {"type", "after"},
		LivePing:        {"type"},
	}
	anyLiveFields = []string{"type", "entity", "filters", "after"}
)

// ParseLiveRequest reads a message of a client's, which is ValidJSON.
func ParseLiveRequest(text []byte) (LiveRequest, []Fault) {
	fields, known := liveFields[gjson.GetBytes(text, "type").Str]
	if !known {
		fields = anyLiveFields
	}
	return readBody(text, fields, func(o *object) LiveRequest {
		o.need("type")
		request := LiveRequest{Type: o.text("type")}
		switch request.Type {
		case LiveSubscribe:
			o.need("entity", "filters")
			o.entity("entity")
			request.Following = o.filters("inventory_item_id", "location_id")
		case LiveUnsubscribe:
			o.entity("entity")
			request.Following = o.filters("inventory_item_id")
		case LiveResume:
			o.need("after")
			request.After = o.text("after")
		case LivePing, "":
		default:
			o.fault("type", "UNKNOWN_MESSAGE", strings.Join([]string{LiveSubscribe, LiveUnsubscribe, LiveResume, LivePing}, ", "))
		}
		return request
	})
}

func (o *object) entity(name string) {
	if entity := o.text(name); entity != "" && entity != levelEntity {
		o.fault(name, "UNKNOWN_ENTITY", levelEntity)
	}
}

// filters are those of a subscription, of which the first is needed.
func (o *object) filters(fields ...string) (following Following) {
	sent, given := o.field("filters")
	if !given {
		return following
	}
	filters := o.reader.newObject(fields)
	if !filters.read(o.pointer+"/filters", sent) {
		return following
	}
	filters.need(fields[0])
	following.InventoryItemIDs = filters.ids(fields[0])
	if len(fields) > 1 {
		following.LocationIDs = filters.ids(fields[1])
	}
	return following
}

// ids is one id or a list of them, each once.
func (o *object) ids(name string) []string {
	value, given := o.field(name)
	if !given {
		return nil
	}
	if value.Type == gjson.String {
		return []string{o.id(name)}
	}
	elements, count := o.list(name, MaxFollowed)
	ids := make([]string, 0, count)
	elements.ForEach(func(_, value gjson.Result) bool {
		at := strconv.Itoa(len(ids))
		// A list reads like an object whose fields are named by their places.
		element := &object{reader: o.reader, pointer: o.pointer + "/" + name, known: []string{at}, values: []gjson.Result{value}}
		element.need(at)
		ids = append(ids, element.id(at))
		return !o.reader.full()
	})
	slices.Sort(ids)
	return slices.Compact(ids)
}

// SocketQuery is what GET /ws asks for.
type SocketQuery struct {
	PublishableKey string
}

// ParseSocketQuery reads the query of GET /ws.
func ParseSocketQuery(rawQuery string) (SocketQuery, []Fault) {
	r := newQueryReader(rawQuery)
	return SocketQuery{PublishableKey: r.id("publishableKey")}, r.faults()
}

// StreamQuery is what GET /api/inventory/stream asks for. After names the last change
// that the client knows; empty: none.
type StreamQuery struct {
	Following      Following
	After          string
	PublishableKey string
}

// ParseStreamQuery reads the query of GET /api/inventory/stream.
func ParseStreamQuery(rawQuery string) (StreamQuery, []Fault) {
	r := newQueryReader(rawQuery)
	query := StreamQuery{
		Following: Following{InventoryItemIDs: r.followed("inventoryItemId"), LocationIDs: r.followed("locationId")},
		After:     r.id("lastEventId"), PublishableKey: r.id("publishableKey"),
	}
	if !r.values.Has("inventoryItemId") {
		r.fault("inventoryItemId", "MISSING")
	}
	return query, r.faults()
}

// followed is the ids of a parameter that is repeated or holds several with commas
// between, each once.
func (r *queryReader) followed(name string) []string {
	r.known = append(r.known, name)
	var ids []string
	for _, value := range r.values[name] {
		ids = append(ids, strings.Split(strings.Clone(value), ",")...) // which may live longer than the query
	}
	if len(ids) > MaxFollowed {
		r.fault(name, "TOO_MANY", MaxFollowed)
		return nil
	}
	for _, id := range ids {
		if !r.checkID(name, id) {
			break
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// LiveAnswer is what a client is told besides changes. Sequence belongs to
// LiveSubscribed and names the change after which all are told; the others to
// LiveError. The ids are of the items that there are not, in the spelling of the
// client's door.
type LiveAnswer struct {
	Type       string      `json:"type"`
	Sequence   string      `json:"sequence,omitempty"`
	Code       string      `json:"code,omitempty"`
	Message    string      `json:"message,omitempty"`
	Items      []string    `json:"inventoryItemId,omitempty"`
	StoreItems []string    `json:"inventory_item_id,omitempty"` //nolint:tagliatelle // as Medusa spells it
	Faults     []LiveFault `json:"errors,omitempty"`
}

// LiveFault is a Fault in words.
type LiveFault struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Detail  string `json:"detail"`
}

// NewLiveError says what is wrong, and with which fields.
func NewLiveError(code string, message Message, faults []Fault, language Language) LiveAnswer {
	answer := LiveAnswer{Type: LiveError, Code: code, Message: message.In(language)}
	for _, fault := range faults {
		answer.Faults = append(answer.Faults, LiveFault{Pointer: fault.Pointer, Code: fault.Code, Detail: fault.Message().In(language)})
	}
	return answer
}

// NewUnknownItems says that there are no such items, of which there is at least one.
func NewUnknownItems(ids []string, language Language) LiveAnswer {
	const code = "INVENTORY_ITEM_NOT_FOUND"
	answer := NewLiveError(code, Message{Key: code, Args: []any{ids[0]}}, nil, language)
	answer.Items = ids
	return answer
}

// JSON is the message in our spelling.
func (a LiveAnswer) JSON() []byte {
	text, err := json.Marshal(a)
	if err != nil {
		panic(err) // texts, which have a form always
	}
	return text
}

// StoreJSON is the message in Medusa's spelling.
func (a LiveAnswer) StoreJSON() []byte {
	a.Items, a.StoreItems = nil, a.Items
	return a.JSON()
}
