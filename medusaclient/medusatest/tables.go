package medusatest

import (
	"fmt"
	"maps"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// row is one stored entity: Medusa's column names and JSON values. Rows are
// never changed once they are in a table; a change puts a new row.
type row = map[string]any

// tables are the data of a shop. Deleted entities are simply not there.
type tables struct {
	rows map[string]map[string]row // by entity, then id
	// The following list rows by what they belong to, in the order in which
	// PostgreSQL would find them: a row that is written anew goes last.
	levelsOf       map[string][]row    // by inventory item
	reservationsOf map[string][]row    // by inventory item
	variantsOf     map[string][]row    // by product, in their rank
	pricesOf       map[string][]row    // by variant
	rulesOf        map[string][]row    // by price
	itemsOf        map[string][]row    // links, by variant
	holdersOf      map[string][]row    // the same links, by inventory item
	currenciesOf   map[string][]row    // by store
	channelsOf     map[string][]string // by product
	links          map[string][]link   // by table, in the order of their making
	dead           map[string]bool     // ids of what was deleted
	made           int                 // by calls, for their ids
	created        string
}

func newTables(created time.Time) *tables {
	return &tables{
		rows:     map[string]map[string]row{},
		levelsOf: map[string][]row{}, reservationsOf: map[string][]row{}, variantsOf: map[string][]row{},
		pricesOf: map[string][]row{}, rulesOf: map[string][]row{}, itemsOf: map[string][]row{}, holdersOf: map[string][]row{},
		currenciesOf: map[string][]row{}, channelsOf: map[string][]string{}, links: map[string][]link{}, dead: map[string]bool{},
		created: stamp(created),
	}
}

func idOf(r row) string { return textOf(r, "id") }

func textOf(r row, column string) string {
	text, _ := r[column].(string)
	return text
}

func quantityOf(r row, column string) float64 {
	quantity, _ := r[column].(float64)
	return quantity
}

// stamp writes a time as Medusa does: UTC, milliseconds.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// orNil is the value of an optional column.
func orNil[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

func orNilMap(m map[string]any) any {
	if m == nil {
		return nil
	}
	return m
}

func (t *tables) get(entity, id string) row { return t.rows[entity][id] }

// put stores a row with Medusa's three time columns.
func (t *tables) put(entity string, r row) row {
	if t.rows[entity] == nil {
		t.rows[entity] = map[string]row{}
	}
	t.time(r)
	t.rows[entity][idOf(r)] = r
	return r
}

// drop deletes a row, of which the id is remembered: Medusa keeps the row itself,
// and takes it for there where another one is to belong to it.
func (t *tables) drop(entity, id string) {
	if t.get(entity, id) == nil {
		return
	}
	delete(t.rows[entity], id)
	t.dead[id] = true
}

// known tells whether there is such a row, or once was.
func (t *tables) known(entity, id string) bool { return t.get(entity, id) != nil || t.dead[id] }

// make stores a new row with an id of its own, created now.
func (t *tables) make(entity, prefix string, r row) row {
	r["id"] = t.newID(prefix)
	r["created_at"] = nextStamp("")
	r["updated_at"] = r["created_at"]
	return t.put(entity, r)
}

func (t *tables) newID(prefix string) string {
	t.made++
	return fmt.Sprintf("%s_%026d", prefix, t.made)
}

// change writes the columns that differ from those of a row, and returns the row
// as it is then; its time moves only when one does.
func (t *tables) change(entity string, before row, columns row) row {
	next := before
	for column, value := range columns {
		if !reflect.DeepEqual(before[column], value) {
			next = changed(before, columns)
		}
	}
	return t.put(entity, next)
}

// having are the rows with a value in a column, oldest first.
func (t *tables) having(entity, column string, value any) []row {
	var found []row
	for _, r := range t.rows[entity] {
		if r[column] == value {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b row) int { return strings.Compare(idOf(a), idOf(b)) })
	return found
}

func (t *tables) time(r row) {
	for column, value := range map[string]any{"created_at": t.created, "updated_at": t.created, "deleted_at": nil} {
		if _, set := r[column]; !set {
			r[column] = value
		}
	}
}

// changed is a copy of a row with some columns replaced, updated now.
func changed(r row, columns row) row {
	next := maps.Clone(r)
	maps.Copy(next, columns)
	next["updated_at"] = nextStamp(textOf(r, "updated_at"))
	return next
}

// nextStamp is now, and later than the stamp before.
func nextStamp(before string) string {
	now := time.Now()
	if last, err := time.Parse(time.RFC3339, before); err == nil && now.Before(last.Add(time.Millisecond)) {
		now = last.Add(time.Millisecond)
	}
	return stamp(now)
}

func (t *tables) putStore(store Store, defaultSalesChannel any) {
	t.put("store", row{
		"id": store.ID, "name": store.Name, "metadata": nil,
		"default_sales_channel_id": defaultSalesChannel, "default_region_id": nil, "default_location_id": nil,
	})
	t.currenciesOf[store.ID] = nil
	for _, currency := range store.SupportedCurrencies {
		t.currenciesOf[store.ID] = append(t.currenciesOf[store.ID], t.put("store_currency", row{
			"id": "stocur_" + currency.CurrencyCode, "currency_code": currency.CurrencyCode,
			"is_default": currency.IsDefault, "store_id": store.ID,
		}))
	}
}

func (t *tables) putSalesChannel(channel SalesChannel) {
	t.put("sales_channel", row{
		"id": channel.ID, "name": channel.Name, "description": orNil(channel.Description),
		"is_disabled": channel.IsDisabled, "metadata": nil,
	})
}

func (t *tables) putStockLocation(location StockLocation) {
	t.unlinkRight(channelLocation, location.ID)
	for _, channel := range location.SalesChannelIDs {
		t.link(channelLocation, channel, location.ID)
	}
	t.drop("stock_location", location.ID)
	if location.Deleted {
		return // its links stay, as do those of a location that never was
	}
	r := row{"id": location.ID, "name": location.Name, "metadata": orNilMap(location.Metadata)}
	if a := location.Address; a != nil {
		r["address_id"] = "laddr_" + location.ID // without an address the key itself is missing
		t.put("stock_location_address", row{
			"id": r["address_id"], "address_1": a.Address1, "address_2": orNil(a.Address2), "company": orNil(a.Company),
			"city": orNil(a.City), "country_code": a.CountryCode, "phone": orNil(a.Phone),
			"province": orNil(a.Province), "postal_code": orNil(a.PostalCode), "metadata": nil,
		})
	}
	t.put("stock_location", r)
}

func (t *tables) putInventoryItem(item InventoryItem) {
	requiresShipping := item.RequiresShipping == nil || *item.RequiresShipping
	t.put("inventory_item", row{
		"id": item.ID, "sku": orNil(item.SKU), "title": orNil(item.Title), "description": orNil(item.Description),
		"thumbnail": orNil(item.Thumbnail), "origin_country": orNil(item.OriginCountry), "hs_code": orNil(item.HSCode),
		"mid_code": orNil(item.MIDCode), "material": orNil(item.Material), "unit_of_measure": nil,
		"requires_shipping": requiresShipping, "weight": orNil(item.Weight), "length": orNil(item.Length),
		"height": orNil(item.Height), "width": orNil(item.Width), "metadata": orNilMap(item.Metadata),
	})
	for _, level := range t.levelsOf[item.ID] {
		delete(t.rows["inventory_level"], idOf(level))
	}
	t.levelsOf[item.ID] = nil
	for _, level := range item.LocationLevels {
		r := row{"id": level.ID, "location_id": level.LocationID, "inventory_item_id": item.ID, "metadata": nil}
		setQuantities(r, Quantities{
			Stocked: level.StockedQuantity, Incoming: level.IncomingQuantity,
			Reserved: t.reserved(item.ID, level.LocationID),
		})
		t.levelsOf[item.ID] = append(t.levelsOf[item.ID], t.put("inventory_level", r))
	}
}

// reserved is the sum of the reservations of an item at a location.
func (t *tables) reserved(itemID, locationID string) float64 {
	var quantities []float64
	for _, reservation := range t.reservationsOf[itemID] {
		if reservation["location_id"] == locationID {
			quantities = append(quantities, quantityOf(reservation, "quantity"))
		}
	}
	return sum(quantities...)
}

func (t *tables) putReservation(reservation Reservation) {
	r := row{
		"id": reservation.ID, "inventory_item_id": reservation.InventoryItemID, "location_id": reservation.LocationID,
		"line_item_id": orNil(reservation.LineItemID), "description": orNil(reservation.Description),
		"allow_backorder": true, "external_id": nil, "created_by": nil, "metadata": nil,
	}
	setQuantity(r, "quantity", reservation.Quantity)
	if before := t.get("reservation_item", reservation.ID); before != nil {
		t.countReserved(before, -quantityOf(before, "quantity"))
	}
	t.putReservationRow(r)
	t.countReserved(r, reservation.Quantity)
}

// putReservationRow stores a reservation, as the last of its item's.
func (t *tables) putReservationRow(r row) {
	t.forgetReservation(r)
	itemID := textOf(r, "inventory_item_id")
	t.reservationsOf[itemID] = append(t.reservationsOf[itemID], t.put("reservation_item", r))
}

func (t *tables) forgetReservation(r row) {
	itemID := textOf(r, "inventory_item_id")
	t.reservationsOf[itemID] = slices.DeleteFunc(slices.Clone(t.reservationsOf[itemID]), func(each row) bool { return each["id"] == r["id"] })
}

// countReserved adds to what is reserved at the reservation's level, if there is
// one, without moving its time.
func (t *tables) countReserved(reservation row, quantity float64) {
	itemID := textOf(reservation, "inventory_item_id")
	for i, level := range t.levelsOf[itemID] {
		if level["location_id"] == reservation["location_id"] {
			next := maps.Clone(level)
			q := quantitiesOf(level)
			q.Reserved = sum(q.Reserved, quantity)
			setQuantities(next, q)
			t.levelsOf[itemID][i] = t.put("inventory_level", next)
		}
	}
}

// Quantities are what a level counts.
type Quantities struct {
	Stocked, Reserved, Incoming float64
}

func setQuantities(r row, q Quantities) {
	setQuantity(r, "stocked_quantity", q.Stocked)
	setQuantity(r, "reserved_quantity", q.Reserved)
	setQuantity(r, "incoming_quantity", q.Incoming)
	r["available_quantity"] = available(r)
}

func available(level row) float64 {
	return sum(quantityOf(level, "stocked_quantity"), -quantityOf(level, "reserved_quantity"))
}

// epsilon is the quantity that Medusa takes for nothing, as it does all smaller
// ones; the raw value keeps them.
const epsilon = 0.0001

func setQuantity(r row, column string, value float64) {
	r["raw_"+column] = row{"value": rawValue(value), "precision": 20}
	if math.Abs(value) <= epsilon {
		value = 0
	}
	r[column] = value
}

// rawValue writes a quantity with 20 digits at most, and else with an exponent.
func rawValue(value float64) string {
	switch size := math.Abs(value); {
	case size == 0:
		return "0" // -0 too
	case size >= 1e20 || size < 1e-6:
		return exponent.Replace(strconv.FormatFloat(value, 'e', -1, 64))
	}
	return strconv.FormatFloat(value, 'f', -1, 64)
}

// exponent takes the zero that JavaScript does not write before one digit.
var exponent = strings.NewReplacer("e-0", "e-", "e+0", "e+")

func rawOf(r row, column string) string {
	raw, _ := r["raw_"+column].(row)
	return textOf(raw, "value")
}

func quantitiesOf(level row) Quantities {
	return Quantities{
		Stocked: quantityOf(level, "stocked_quantity"), Reserved: quantityOf(level, "reserved_quantity"),
		Incoming: quantityOf(level, "incoming_quantity"),
	}
}

// sum adds up exactly what the numbers' shortest decimals say, as Medusa does:
// 0.1 and 0.2 are 0.3.
func sum(quantities ...float64) float64 {
	total := new(big.Rat)
	for _, quantity := range quantities {
		exact, ok := new(big.Rat).SetString(strconv.FormatFloat(quantity, 'f', -1, 64))
		if !ok {
			panic(fmt.Sprintf("medusatest: %v is no quantity", quantity))
		}
		total.Add(total, exact)
	}
	rounded, _ := total.Float64()
	return rounded
}

func (t *tables) putProduct(product Product) {
	t.deleteProduct(product.ID)
	t.put("product", row{
		"id": product.ID, "title": product.Title, "handle": product.Handle, "subtitle": nil,
		"description": orNil(product.Description), "is_giftcard": false, "status": product.Status,
		"thumbnail": orNil(product.Thumbnail), "weight": nil, "length": nil, "height": nil, "width": nil,
		"origin_country": nil, "hs_code": nil, "mid_code": nil, "material": nil, "discountable": true,
		"external_id": nil, "metadata": orNilMap(product.Metadata), "type_id": nil, "collection_id": nil,
	})
	t.channelsOf[product.ID] = slices.Clone(product.SalesChannelIDs)
	for rank, variant := range product.Variants {
		t.putVariant(product.ID, rank, variant)
	}
}

func (t *tables) putVariant(productID string, rank int, variant Variant) {
	t.variantsOf[productID] = append(t.variantsOf[productID], t.put("product_variant", row{
		"id": variant.ID, "title": variant.Title, "sku": orNil(variant.SKU), "barcode": nil, "ean": nil, "upc": nil,
		"allow_backorder": variant.AllowBackorder, "manage_inventory": variant.ManageInventory,
		"hs_code": nil, "origin_country": nil, "mid_code": nil, "material": nil,
		"weight": nil, "length": nil, "height": nil, "width": nil, "metadata": orNilMap(variant.Metadata),
		"variant_rank": float64(rank), "thumbnail": nil, "product_id": productID,
	}))
	for i, price := range variant.Prices {
		t.putPrice(variant.ID, fmt.Sprintf("price_%s_%d", variant.ID, i), price)
	}
	for _, item := range variant.InventoryItems {
		link := row{
			"id":         fmt.Sprintf("pvitem_%s_%s", variant.ID, item.InventoryItemID),
			"variant_id": variant.ID, "inventory_item_id": item.InventoryItemID, "required_quantity": item.RequiredQuantity,
		}
		t.time(link)
		t.itemsOf[variant.ID] = append(t.itemsOf[variant.ID], link)
		t.holdersOf[item.InventoryItemID] = append(t.holdersOf[item.InventoryItemID], link)
	}
}

func (t *tables) putPrice(variantID, id string, price Price) {
	r := row{
		"id": id, "currency_code": price.CurrencyCode, "amount": price.Amount,
		"min_quantity": orNil(price.MinQuantity), "max_quantity": orNil(price.MaxQuantity),
	}
	t.time(r)
	t.pricesOf[variantID] = append(t.pricesOf[variantID], r)
	t.rulesOf[id] = nil
	for attribute, value := range price.Rules {
		t.rulesOf[id] = append(t.rulesOf[id], row{"id": "prule_" + id + "_" + attribute, "attribute": attribute, "value": value})
	}
}

func (t *tables) deleteProduct(id string) {
	for _, variant := range t.variantsOf[id] {
		variantID := idOf(variant)
		delete(t.rows["product_variant"], variantID)
		delete(t.pricesOf, variantID)
		for _, link := range t.itemsOf[variantID] {
			itemID := textOf(link, "inventory_item_id")
			t.holdersOf[itemID] = withoutLink(t.holdersOf[itemID], "variant_id", variantID)
		}
		delete(t.itemsOf, variantID)
	}
	delete(t.variantsOf, id)
	delete(t.channelsOf, id)
	delete(t.rows["product"], id)
}

// deleteInventoryItem deletes the item's levels and reservations too. Its
// variants stay, managed and without an item.
func (t *tables) deleteInventoryItem(id string) {
	for _, level := range t.levelsOf[id] {
		delete(t.rows["inventory_level"], idOf(level))
	}
	for _, reservation := range t.reservationsOf[id] {
		delete(t.rows["reservation_item"], idOf(reservation))
	}
	for _, link := range t.holdersOf[id] {
		variantID := textOf(link, "variant_id")
		t.itemsOf[variantID] = withoutLink(t.itemsOf[variantID], "inventory_item_id", id)
	}
	delete(t.levelsOf, id)
	delete(t.reservationsOf, id)
	delete(t.holdersOf, id)
	t.drop("inventory_item", id)
}

func withoutLink(links []row, column, id string) []row {
	return slices.DeleteFunc(slices.Clone(links), func(each row) bool { return each[column] == id })
}
