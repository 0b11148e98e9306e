package mapping

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseLiveRequest(t *testing.T) {
	for text, expected := range map[string]LiveRequest{
		`{"type":"ping"}`:                  {Type: LivePing},
		`{"type":"resume","after":"m3-7"}`: {Type: LiveResume, After: "m3-7"},
		`{"type":"unsubscribe"}`:           {Type: LiveUnsubscribe},
		`{"type":"unsubscribe","entity":"inventory_level","filters":{"inventory_item_id":"a"}}`: {
			Type: LiveUnsubscribe, Following: Following{InventoryItemIDs: []string{"a"}},
		},
		`{"type":"subscribe","entity":"inventory_level","filters":{"inventory_item_id":["b","a","b"],"location_id":"l"}}`: {
			Type: LiveSubscribe, Following: Following{InventoryItemIDs: []string{"a", "b"}, LocationIDs: []string{"l"}},
		},
		`{"filters":{"location_id":null,"inventory_item_id":["a"]},"entity":"inventory_level","type":"subscribe"}`: {
			Type: LiveSubscribe, Following: Following{InventoryItemIDs: []string{"a"}},
		},
	} {
		request, faults := ParseLiveRequest([]byte(text))
		assert.Empty(t, faults, text)
		assert.Equal(t, expected, request, text)
	}
}

func TestFollowingIsBounded(t *testing.T) {
	subscribe := func(count int) (LiveRequest, []Fault) {
		list := `["x"` + strings.Repeat(`,"x"`, count-1) + `]`
		return ParseLiveRequest([]byte(`{"type":"subscribe","entity":"inventory_level","filters":{"inventory_item_id":` + list + `}}`))
	}
	_, faults := subscribe(MaxFollowed)
	assert.Empty(t, faults)
	_, faults = subscribe(MaxFollowed + 1)
	assert.Equal(t, []Fault{{Pointer: "/filters/inventory_item_id", Code: "TOO_MANY_ROWS", Args: []any{MaxFollowed}}}, faults)
}

func TestParseStreamQuery(t *testing.T) {
	query, faults := ParseStreamQuery("inventoryItemId=b,a&inventoryItemId=c&inventoryItemId=a&locationId=l&lastEventId=m3-7&publishableKey=pk_1")
	require.Empty(t, faults)
	assert.Equal(t, StreamQuery{
		Following: Following{InventoryItemIDs: []string{"a", "b", "c"}, LocationIDs: []string{"l"}}, After: "m3-7", PublishableKey: "pk_1",
	}, query)
	for rawQuery, expected := range map[string]Fault{
		"":                           {Pointer: "/inventoryItemId", Code: "MISSING"},
		"inventoryItemId=a,":         {Pointer: "/inventoryItemId", Code: "EMPTY"},
		"inventoryItemId=a&fields=x": {Pointer: "/fields", Code: "UNKNOWN_PARAMETER"},
		"inventoryItemId=a%00":       {Pointer: "/inventoryItemId", Code: "INVALID_CHARACTERS"},
		"inventoryItemId=" + strings.Repeat("a,", MaxFollowed) + "a": {Pointer: "/inventoryItemId", Code: "TOO_MANY"},
	} {
		_, faults := ParseStreamQuery(rawQuery)
		if assert.Len(t, faults, 1, rawQuery) {
			assert.Equal(t, expected, Fault{Pointer: faults[0].Pointer, Code: faults[0].Code}, rawQuery)
		}
	}
}

func TestLiveAnswers(t *testing.T) {
	assert.JSONEq(t, `{"type":"subscribed","sequence":"m3-7"}`, string(LiveAnswer{Type: LiveSubscribed, Sequence: "m3-7"}.JSON()))
	assert.JSONEq(t, `{"type":"gap"}`, string(LiveAnswer{Type: LiveGap}.StoreJSON()))
	unknown := NewUnknownItems([]string{"a", "b"}, German)
	const says = `"type":"error","code":"INVENTORY_ITEM_NOT_FOUND","message":"Es gibt keinen Bestandsartikel mit der Id \"a\"."`
	assert.JSONEq(t, `{`+says+`,"inventoryItemId":["a","b"]}`, string(unknown.JSON()))
	assert.JSONEq(t, `{`+says+`,"inventory_item_id":["a","b"]}`, string(unknown.StoreJSON()))
	wrong := NewLiveError("VALIDATION_FAILED", Message{Key: "VALIDATION_FAILED"}, []Fault{{Pointer: "/type", Code: "MISSING"}}, Spanish)
	assert.Equal(t, []LiveFault{{Pointer: "/type", Code: "MISSING", Detail: "Es necesario."}}, wrong.Faults)
}

func TestParseHook(t *testing.T) {
	hook, faults := ParseHook([]byte(`{"event":"product.product.updated","data":[{"id":"prod_1"}]}`))
	assert.Empty(t, faults)
	assert.Equal(t, Hook{Event: "product.product.updated"}, hook)
	_, faults = ParseHook([]byte(`{"data":{}}`))
	assert.Equal(t, []Fault{{Pointer: "/event", Code: "MISSING"}}, faults)
}

// FuzzParseLiveRequest: nothing that is said ends the gateway, and what is taken can
// be acted on.
func FuzzParseLiveRequest(f *testing.F) {
	for _, text := range []string{
		`{"type":"ping"}`, `{"type":"resume","after":"m3-7"}`, `{"type":"unsubscribe"}`, `[]`, `{"type":7}`, `"type"`,
		`{"type":"subscribe","entity":"inventory_level","filters":{"inventory_item_id":["a","b"],"location_id":"l"}}`,
		`{"type":"subscribe","type":"ping","filters":{"inventory_item_id":[[],{},null,"",7]}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if !ValidJSON(text) {
			t.Skip()
		}
		request, faults := ParseLiveRequest(text)
		if len(faults) > 0 {
			for _, fault := range faults {
				assert.NotEmpty(t, sentences[fault.Code][English], "%s", fault.Code)
			}
			return
		}
		ids := request.Following.InventoryItemIDs
		switch request.Type {
		case LiveSubscribe:
			assert.NotEmpty(t, ids)
		case LiveResume:
			assert.NotEmpty(t, request.After)
		case LiveUnsubscribe, LivePing:
		default:
			assert.Fail(t, "an unknown type", request.Type)
		}
		assert.LessOrEqual(t, len(ids), MaxFollowed)
		for _, id := range append(ids, request.Following.LocationIDs...) {
			assert.True(t, IsID(id) && !strings.Contains(id, ","), "%q is no id", id)
		}
	})
}
