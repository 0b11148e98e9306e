package bff

import (
	"cmp"
	"context"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

// maxReads is how many ids go into one call: not many more fit.
const maxReads = 300

// counts is what is asked of items, read by the gateway's own user for all who ask
// together, and held in memory until the stock changes.
type counts struct {
	items    *reads[mapping.ItemCount] // by id
	skus     *reads[mapping.ItemCount] // by SKU
	variants *reads[mapping.VariantLinks]
	places   *reads[mapping.Scope] // every location with its channels, by the one id allPlaces
}

const allPlaces = "all"

// maxIDLength is twice what Medusa's own ids have.
const maxIDLength = 64

// maybeID says whether a text has the form of an id, so that Medusa need be asked.
func maybeID(text string) bool { return text != "" && len(text) <= maxIDLength && plain(text, "_-") }

// plain says whether a text is of ASCII letters, digits and what else is allowed.
func plain(text, besides string) bool {
	allowed := func(r rune) bool {
		return ('0' <= r && r <= '9') || ('a' <= r && r <= 'z') || ('A' <= r && r <= 'Z') || strings.ContainsRune(besides, r)
	}
	return !strings.ContainsFunc(text, func(r rune) bool { return !allowed(r) })
}

func newCounts(config Config, generation *atomic.Uint64) *counts {
	sizeOfItem := func(item mapping.ItemCount) int { return 128 * len(item.Levels) }
	return &counts{
		items: newReads(heldAsAnswers(config, generation, maxReads, sizeOfItem, ownRead(config.Account,
			func(ctx context.Context, by medusaclient.Credential, ids []string) ([]medusaclient.CountedItem, error) {
				return config.Medusa.InventoryItems.ListCounted(ctx, by, medusaclient.CountedFilter{IDs: ids, Bare: true})
			},
			func(item medusaclient.CountedItem) (string, mapping.ItemCount) {
				return item.ID, mapping.NewItemCount(item)
			},
		))),
		skus: newReads(heldAsAnswers(config, generation, maxReads, sizeOfItem, ownRead(config.Account,
			func(ctx context.Context, by medusaclient.Credential, skus []string) ([]medusaclient.CountedItem, error) {
				return config.Medusa.InventoryItems.ListCounted(ctx, by, medusaclient.CountedFilter{SKUs: skus, Bare: true})
			},
			func(item medusaclient.CountedItem) (string, mapping.ItemCount) {
				return *item.SKU, mapping.NewItemCount(item)
			},
		))),
		variants: newReads(heldAsAnswers(config, generation, maxReads, func(variant mapping.VariantLinks) int { return 64 * len(variant.Links) }, ownRead(config.Account,
			func(ctx context.Context, by medusaclient.Credential, ids []string) ([]medusaclient.ProductVariant, error) {
				return config.Medusa.Products.ListLinks(ctx, by, ids)
			},
			func(variant medusaclient.ProductVariant) (string, mapping.VariantLinks) {
				return variant.ID, mapping.NewVariantLinks(variant)
			},
		))),
		places: newReads(heldAsAnswers(config, generation, 1, func(places mapping.Scope) int { return 256 * len(places) }, ownRead(config.Account,
			func(ctx context.Context, by medusaclient.Credential, _ []string) ([]mapping.Scope, error) {
				locations, err := config.Medusa.StockLocations.ListChannels(ctx, by)
				return []mapping.Scope{mapping.NewScope(locations)}, err
			},
			func(places mapping.Scope) (string, mapping.Scope) { return allPlaces, places },
		))),
	}
}

// heldAsAnswers are reads of things that are held as long as answers are, each kind
// in an eighth of the memory for those, and its copies in half as much.
func heldAsAnswers[V any](
	config Config, generation *atomic.Uint64, most int, size func(V) int, fetch func(ctx context.Context, ids []string) (map[string]V, error),
) readsConfig[V] {
	return readsConfig[V]{
		fetch: fetch, most: most, ttl: config.CacheTTL, unknown: config.CacheTTL, generation: generation,
		stale: config.StaleAge, maxBytes: config.MaxBytes / 8, maxCopies: config.MaxBytes / 16, size: size, timeout: config.Timeout,
	}
}

// ownRead lists rows with the gateway's own user, and files each by its id.
func ownRead[Row, V any](
	account *medusaclient.Account, list func(ctx context.Context, by medusaclient.Credential, ids []string) ([]Row, error), file func(Row) (id string, value V),
) func(ctx context.Context, ids []string) (map[string]V, error) {
	return func(ctx context.Context, ids []string) (map[string]V, error) {
		var rows []Row
		err := account.Do(ctx, func(by medusaclient.Credential) (err error) {
			rows, err = list(ctx, by, ids)
			return err
		})
		found := make(map[string]V, len(rows))
		for _, row := range rows {
			id, value := file(row)
			found[id] = value
		}
		return found, err
	}
}

func (c *counts) close() {
	c.items.close()
	c.skus.close()
	c.variants.close()
	c.places.close()
}

// of counts what addresses name, in at most one call for each 300 of a kind, and
// for variants one for what they take before. Ids that Medusa cannot have made are
// unknown without a call.
func (c *counts) of(ctx context.Context, addresses []mapping.Address) (mapping.Counted, error) {
	itemIDs, skus, variantIDs := named(addresses)
	var counted mapping.Counted
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		counted.SKUs, err = c.skus.get(ctx, skus)
		return err
	})
	group.Go(func() (err error) {
		if counted.Variants, err = c.variants.get(ctx, variantIDs); err != nil {
			return err
		}
		counted.Items, err = c.items.get(ctx, append(itemIDs, itemsTaken(counted.Variants)...))
		return err
	})
	err := group.Wait()
	return counted, err
}

// nothingCounted is what is known of what addresses name without Medusa and any copy.
func nothingCounted(addresses []mapping.Address) mapping.Counted {
	return mapping.Counted{Staleness: mapping.LastKnown(time.Time{}, time.Now()), Impossible: impossible(addresses)}
}

// lastOf is what was known last of what addresses name, without a call.
func (c *counts) lastOf(addresses []mapping.Address) mapping.Counted {
	itemIDs, skus, variantIDs := named(addresses)
	counted := nothingCounted(addresses)
	var ofItems, ofSKUs, ofVariants time.Time
	counted.SKUs, ofSKUs = c.skus.last(skus)
	counted.Variants, ofVariants = c.variants.last(variantIDs)
	counted.Items, ofItems = c.items.last(append(itemIDs, itemsTaken(counted.Variants)...))
	counted.Staleness = mapping.LastKnown(earlier(ofItems, earlier(ofSKUs, ofVariants)), time.Now())
	return counted
}

// impossible are the ids in addresses that Medusa cannot have made.
func impossible(addresses []mapping.Address) map[string]bool {
	ids := map[string]bool{}
	for _, address := range addresses {
		if id := cmp.Or(address.VariantID, address.InventoryItemID); id != "" && !maybeID(id) {
			ids[id] = true
		}
	}
	return ids
}

// named are the ids and SKUs that addresses name, but for ids that Medusa cannot have
// made.
func named(addresses []mapping.Address) (itemIDs, skus, variantIDs []string) {
	for _, address := range addresses {
		switch {
		case address.SKU != "":
			skus = append(skus, address.SKU)
		case maybeID(address.VariantID):
			variantIDs = append(variantIDs, address.VariantID)
		case maybeID(address.InventoryItemID):
			itemIDs = append(itemIDs, address.InventoryItemID)
		}
	}
	return itemIDs, skus, variantIDs
}

// itemsTaken are the ids of the items that variants take.
func itemsTaken(variants map[string]mapping.VariantLinks) []string {
	var itemIDs []string
	for _, variant := range variants {
		for _, link := range variant.Links {
			itemIDs = append(itemIDs, link.InventoryItemID)
		}
	}
	return itemIDs
}
