package medusaclient

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestQueryAsMedusaReadsIt(t *testing.T) {
	q := newQuery("/admin/inventory-items", "id,sku")
	q.page(50, 100)
	q.addIDs([]string{"iitem_1", "iitem_2", "a&b"})
	q.addEach("sku", []string{"A,B", "50%", "C+D E"})
	q.add("location_levels[location_id]", "sloc_1")
	q.add("empty", "")
	q.search(`50% \ _`)
	assert.Equal(t, "/admin/inventory-items?fields=id,sku&order=id&limit=50&offset=100&id[]=iitem_1,iitem_2,a%26b"+
		"&sku=A%2CB&sku=50%25&sku=C%2BD+E&location_levels[location_id]=sloc_1&q=50%5C%25+%5C%5C+%5C_", q.String())

	_, encoded, _ := strings.Cut(q.String(), "?")
	values, err := url.ParseQuery(encoded)
	require.NoError(t, err)
	assert.Equal(t, []string{"A,B", "50%", "C+D E"}, values["sku"])
	assert.Equal(t, `50\% \\ \_`, values.Get("q"))

	none := newQuery("/admin/stores", "")
	none.addIDs(nil)
	assert.Equal(t, "/admin/stores", none.String())
}

// TestChunkOfIDsFitsIntoARequest: Node refuses a request line and headers of
// more than 16 KiB.
func TestChunkOfIDsFitsIntoARequest(t *testing.T) {
	ids := make([]string, maxIDs)
	for i := range ids {
		ids[i] = fmt.Sprintf("variant_01M80ABJKCXB7RVSN1BYP8%04d", i)
	}
	q := newQuery("/admin/inventory-items", inventoryItemFields)
	q.page(maxIDs, 0)
	q.addIDs(ids)
	const otherHeaders = 1 << 10
	assert.Less(t, len(q.String())+600+otherHeaders, 16<<10, "with a user's token")
}

func TestBelowPutsFieldsUnderARelation(t *testing.T) {
	assert.Equal(t, "a.b.id,a.b.c.d", below("a.b.", "id,c.d"))
}

func BenchmarkQuery(b *testing.B) {
	ids := make([]string, 20)
	for i := range ids {
		ids[i] = fmt.Sprintf("iitem_01M80ABJKCXB7RVSN1BYP8%04d", i)
	}
	b.ReportAllocs()
	for b.Loop() {
		q := newQuery("/admin/inventory-items", inventoryItemFields)
		q.page(20, 0)
		q.addIDs(ids)
		q.search("50% flor_a")
		if q.Len() == 0 {
			b.Fatal("no query")
		}
	}
}
