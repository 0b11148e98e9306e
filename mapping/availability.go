package mapping

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

const (
	// maxAsked is how many rows one question may have, and one cart lines.
	maxAsked = 500

	// maxSKUs is how many bytes the SKUs of one question may take as a URL spells
	// them: 500 of 32 plain characters, which cost three calls at most.
	maxSKUs = 16_000

	// fewLeft is up to how many available units shoppers are told to hurry.
	fewLeft = 10
)

// AvailabilityQuery is what the availability routes ask for. SalesChannelID
// narrows the locations; Explain shows what the answer was made of.
type AvailabilityQuery struct {
	Items          []AvailabilityItem
	SalesChannelID string
	Explain        bool
}

// AvailabilityItem asks whether so many units of what the address names are
// there, at any location or, with LocationID, at that one.
type AvailabilityItem struct {
	Address
	Requested  Quantity
	LocationID string
}

// AvailabilityAnswer has for each item that was asked for one entry for each
// location, the best one first.
type AvailabilityAnswer struct {
	Staleness

	Availability []Availability `json:"availability"`
}

// Availability is what one location has of an item that was asked for, in units of
// what addressed it. AvailableQuantity is nil where nothing is counted. Code says
// why there is nothing. ShowAsInStock is false where nobody can tell what there is,
// else nil.
type Availability struct {
	VariantID         *string             `json:"variantId"`
	SKU               *string             `json:"sku"`
	InventoryItemID   *string             `json:"inventoryItemId"` // nil of a kit, and where it is not known
	LocationID        *string             `json:"locationId"`      // nil: at no location
	IsAvailable       bool                `json:"isAvailable"`
	AvailableQuantity *Quantity           `json:"availableQuantity"`
	RequestedQuantity Quantity            `json:"requestedQuantity"`
	Status            string              `json:"status"`
	Message           string              `json:"message"`
	ShowAsInStock     *bool               `json:"showAsInStock,omitempty"`
	Code              string              `json:"code,omitempty"`
	Explain           *AvailabilityReason `json:"explain,omitempty"`
}

// AvailabilityReason is what an entry was made of: the level that decides, of a kit
// that of its scarcest item, in units of the item. RequiredQuantity is what one unit
// of what was asked for takes of it.
type AvailabilityReason struct {
	InventoryItemID  string         `json:"inventoryItemId"`
	Stocked          Quantity       `json:"stocked"`
	Reserved         Quantity       `json:"reserved"`
	RequiredQuantity Quantity       `json:"requiredQuantity"`
	LinkedChannels   []SalesChannel `json:"linkedChannels"`
}

// InStock is the status of what there is more than a few of; the others are
// LowStock, up to 10, OutOfStock, and Untold of what nobody can tell of while Medusa
// does not answer.
const (
	InStock = "in_stock"
	Untold  = "unknown"
)

// StoreAvailabilityAnswer is an AvailabilityAnswer as Medusa's storefront guide
// spells it.
type StoreAvailabilityAnswer struct {
	Staleness

	Availability []StoreAvailability `json:"availability"`
}

// StoreAvailability is an Availability as Medusa's storefront guide spells it.
type StoreAvailability struct {
	InventoryItemID   string   `json:"inventory_item_id"`  //nolint:tagliatelle // as the guide spells it
	LocationID        *string  `json:"location_id"`        //nolint:tagliatelle // as the guide spells it
	IsAvailable       bool     `json:"is_available"`       //nolint:tagliatelle // as the guide spells it
	AvailableQuantity Quantity `json:"available_quantity"` //nolint:tagliatelle // as the guide spells it
	RequestedQuantity Quantity `json:"requested_quantity"` //nolint:tagliatelle // as the guide spells it
	Status            string   `json:"status"`
	Message           string   `json:"message"`
	ShowAsInStock     *bool    `json:"show_as_in_stock,omitempty"` //nolint:tagliatelle // as the guide spells it
	Code              string   `json:"code,omitempty"`
}

// untoldMessage is in the words of Medusa's storefront guide.
var untoldMessage = Message{Key: "stock.untold"}

var (
	availabilityFields          = []string{"items", "salesChannelId", "explain"}
	availabilityItemFields      = []string{"variantId", "inventoryItemId", "sku", "requiredQuantity", "locationId"}
	storeAvailabilityFields     = []string{"items", "sales_channel_id"}
	storeAvailabilityItemFields = []string{"inventory_item_id", "required_quantity", "location_id"}
)

// ParseAvailability reads the body of POST /api/inventory/availability, which is
// ValidJSON.
func ParseAvailability(body []byte) (AvailabilityQuery, []Fault) {
	return readBody(body, availabilityFields, func(o *object) AvailabilityQuery {
		skus := 0
		query := AvailabilityQuery{
			SalesChannelID: o.id("salesChannelId"), Explain: o.boolean("explain", false),
			Items: readAsked(o, availabilityItemFields, func(item *object) AvailabilityItem {
				item.need("requiredQuantity")
				address := item.address()
				skus += len(url.QueryEscape(address.SKU))
				return AvailabilityItem{Address: address, Requested: item.neededAmount("requiredQuantity"), LocationID: item.id("locationId")}
			}),
		}
		if skus > maxSKUs {
			o.fault("items", "SKUS_TOO_LONG", maxSKUs)
		}
		return query
	})
}

// ParseStoreAvailability reads the body of POST /store/inventory-items/availability,
// which is ValidJSON.
func ParseStoreAvailability(body []byte) (AvailabilityQuery, []Fault) {
	return readBody(body, storeAvailabilityFields, func(o *object) AvailabilityQuery {
		return AvailabilityQuery{
			SalesChannelID: o.id("sales_channel_id"),
			Items: readAsked(o, storeAvailabilityItemFields, func(item *object) AvailabilityItem {
				item.need("inventory_item_id", "required_quantity")
				return AvailabilityItem{
					Address:   Address{InventoryItemID: item.id("inventory_item_id")},
					Requested: item.neededAmount("required_quantity"), LocationID: item.id("location_id"),
				}
			}),
		}
	})
}

// readAsked reads the rows of a question.
func readAsked[Row any](o *object, fields []string, read func(*object) Row) []Row {
	o.need("items")
	sent, count := o.list("items", maxAsked)
	rows := make([]Row, 0, count)
	row := o.reader.newObject(fields)
	at := 0
	sent.ForEach(func(_, value gjson.Result) bool {
		if row.read("/items/"+strconv.Itoa(at), value) {
			rows = append(rows, read(row))
		}
		at++
		return !o.reader.full()
	})
	return rows
}

// neededAmount is a number > 0, 0 where there is none.
func (o *object) neededAmount(name string) (amount Quantity) {
	if given := o.amount(name); given != nil {
		amount = *given
	}
	return amount
}

// NewAvailability answers a question from what was counted at the locations of a
// scope.
func NewAvailability(query AvailabilityQuery, counted Counted, scope Scope, language Language) AvailabilityAnswer {
	words := newAvailabilityWords(language)
	answer := AvailabilityAnswer{Staleness: counted.Staleness, Availability: make([]Availability, 0, len(query.Items))}
	for _, item := range query.Items {
		answer.Availability = append(answer.Availability, words.entries(item, counted.demandOf(item.Address), scope, query.Explain)...)
	}
	return answer
}

// NewStoreAvailability spells an answer as Medusa's storefront guide does, in which a
// quantity that is not known is 0.
func NewStoreAvailability(answer AvailabilityAnswer) StoreAvailabilityAnswer {
	store := StoreAvailabilityAnswer{Staleness: answer.Staleness, Availability: make([]StoreAvailability, len(answer.Availability))}
	for i, entry := range answer.Availability {
		if entry.AvailableQuantity == nil {
			entry.AvailableQuantity = &Quantity{}
		}
		store.Availability[i] = StoreAvailability{
			InventoryItemID: *entry.InventoryItemID, LocationID: entry.LocationID, IsAvailable: entry.IsAvailable,
			AvailableQuantity: *entry.AvailableQuantity, RequestedQuantity: entry.RequestedQuantity,
			Status: entry.Status, Message: entry.Message, ShowAsInStock: entry.ShowAsInStock, Code: entry.Code,
		}
	}
	return store
}

// availabilityWords writes entries in a language.
type availabilityWords struct {
	language            Language
	inStock, outOfStock string
}

func newAvailabilityWords(language Language) availabilityWords {
	return availabilityWords{
		language: language, inStock: Message{Key: "stock.in_stock"}.In(language), outOfStock: Message{Key: "stock.out_of_stock"}.In(language),
	}
}

// entries are those of one item that was asked for.
func (w availabilityWords) entries(item AvailabilityItem, demand demand, scope Scope, explain bool) []Availability {
	none := Availability{
		VariantID: orNil(item.VariantID), SKU: orNil(item.SKU), InventoryItemID: orNil(demand.itemID()),
		AvailableQuantity: &Quantity{}, RequestedQuantity: item.Requested, Code: demand.code,
	}
	if item.InventoryItemID != "" {
		none.InventoryItemID = orNil(item.InventoryItemID)
	}
	if demand.untold {
		return []Availability{w.untold(none)}
	}
	if item.LocationID != "" {
		if _, shown := scope[item.LocationID]; !shown && none.Code == "" && !demand.unmanaged {
			none.Code = "STOCK_LOCATION_NOT_FOUND"
		}
		scope = scope.only(item.LocationID)
	}
	if demand.unmanaged {
		none.AvailableQuantity = nil
	}
	shelves := demand.at(scope)
	if len(shelves) == 0 {
		return []Availability{w.judged(none, demand.always && none.Code == "")}
	}
	entries := make([]Availability, len(shelves))
	for i, shelf := range shelves {
		entry := none
		entry.LocationID, entry.AvailableQuantity = &shelf.locationID, &shelf.available
		if explain {
			entry.Explain = &AvailabilityReason{
				InventoryItemID: shelf.scarcest.InventoryItemID, Stocked: shelf.level.Stocked, Reserved: shelf.level.Reserved,
				RequiredQuantity: shelf.scarcest.Required, LinkedChannels: append([]SalesChannel{}, scope[shelf.locationID]...),
			}
		}
		entries[i] = w.judged(entry, demand.always)
	}
	slices.SortFunc(entries, func(a, b Availability) int {
		if more := b.AvailableQuantity.Cmp(*a.AvailableQuantity); more != 0 {
			return more
		}
		return strings.Compare(*a.LocationID, *b.LocationID)
	})
	return entries
}

// untold is what shoppers are told of what nobody can tell: that it can be had, so that
// no shop empties while Medusa does not answer, but not that it is in stock.
func (w availabilityWords) untold(entry Availability) Availability {
	entry.IsAvailable, entry.Status, entry.Message = true, Untold, untoldMessage.In(w.language)
	entry.AvailableQuantity, entry.ShowAsInStock = nil, new(bool)
	return entry
}

// judged says whether there is enough. What is always for sale is in stock, however
// little of it is counted.
func (w availabilityWords) judged(entry Availability, always bool) Availability {
	switch available := entry.AvailableQuantity; {
	case always:
		entry.IsAvailable, entry.Status, entry.Message = true, InStock, w.inStock
	case available.Cmp(entry.RequestedQuantity) < 0:
		entry.Status, entry.Message = OutOfStock, w.outOfStock
	case available.Cmp(QuantityOf(fewLeft)) <= 0:
		entry.IsAvailable, entry.Status, entry.Message = true, LowStock, Message{Key: "stock.low_stock", Args: []any{*available}}.In(w.language)
	default:
		entry.IsAvailable, entry.Status, entry.Message = true, InStock, w.inStock
	}
	return entry
}
