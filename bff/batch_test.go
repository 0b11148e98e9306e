package bff

import (
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/bff/stock"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

func quantity(t testing.TB, text string) mapping.Quantity {
	t.Helper()
	q, ok := mapping.ParseQuantity(text)
	require.True(t, ok, "%q is not a quantity", text)
	return q
}

// unitOf is the unit of a variant of such a weight that takes so much of its item.
func unitOf(t testing.TB, weight, required string) mapping.Unit {
	t.Helper()
	unit, valid := mapping.VariantUnit(medusaclient.Raw(`{"weight":`+weight+`}`), medusaclient.Number(required))
	require.True(t, valid)
	return unit
}

func madeOf(t testing.TB, weight, required, from, to string) stock.Outcome {
	t.Helper()
	return stock.Outcome{Status: stock.Applied, Unit: unitOf(t, weight, required), Previous: quantity(t, from), New: quantity(t, to)}
}

var (
	errUnreached = &medusaclient.OutageError{Reason: medusaclient.Unreachable, Err: errOther}
	refusedRow   = stock.Outcome{Status: stock.Refused, Refusal: &stock.Refusal{Reason: stock.VariantNotFound, Args: []any{"variant_x"}}}
	failedRow    = stock.Outcome{Status: stock.Failed, Err: errUnreached}
	unknownRow   = stock.Outcome{Status: stock.Unknown, Err: errOther}
	skippedRow   = stock.Outcome{Status: stock.Skipped}
)

// answerOf is the answer to a batch of which this became.
func answerOf(t testing.TB, update mapping.BatchUpdate, language mapping.Language, outcomes ...stock.Outcome) (result, mapping.BatchAnswer, error) {
	t.Helper()
	update.Updates = make([]mapping.StockUpdate, len(outcomes))
	try := &attempt{Write: Write{Caller: Caller{Language: language}}, batchID: "batch_1"}
	made, err := batchResult(update, outcomes, try)
	answer, _ := made.body.(mapping.BatchAnswer)
	return made, answer, err
}

func TestABatchIsAnsweredByWhatBecameOfItsRows(t *testing.T) {
	t.Parallel()
	made := madeOf(t, "1", "1", "1", "2")
	for name, c := range map[string]struct {
		rows            []stock.Outcome
		status          int
		updated, failed int
		changed         bool
	}{
		"all made":                      {rows: []stock.Outcome{made, made}, status: 200, updated: 2, changed: true},
		"one refused":                   {rows: []stock.Outcome{made, refusedRow}, status: 207, updated: 1, failed: 1, changed: true},
		"one failed":                    {rows: []stock.Outcome{failedRow, made}, status: 207, updated: 1, failed: 1, changed: true},
		"one unknown":                   {rows: []stock.Outcome{made, unknownRow}, status: 207, updated: 1, failed: 1, changed: true},
		"all unknown":                   {rows: []stock.Outcome{unknownRow, unknownRow}, status: 207, failed: 2, changed: true},
		"unknown and refused":           {rows: []stock.Outcome{refusedRow, unknownRow}, status: 207, failed: 2, changed: true},
		"unknown and failed":            {rows: []stock.Outcome{failedRow, unknownRow}, status: 207, failed: 2, changed: true},
		"all refused":                   {rows: []stock.Outcome{refusedRow, refusedRow}, status: 422, failed: 2},
		"refused and failed":            {rows: []stock.Outcome{refusedRow, failedRow}, status: 422, failed: 2},
		"one of each":                   {rows: []stock.Outcome{made, refusedRow, failedRow, unknownRow}, status: 207, updated: 1, failed: 3, changed: true},
		"refused, and the rest with it": {rows: []stock.Outcome{skippedRow, refusedRow, skippedRow}, status: 422, failed: 3},
	} {
		for _, dry := range []bool{false, true} {
			made, answer, err := answerOf(t, mapping.BatchUpdate{DryRun: dry}, mapping.English, c.rows...)
			require.NoError(t, err, name)
			require.Equal(t, c.status, made.status, name)
			require.Equal(t, c.status == http.StatusOK, answer.Success, name)
			require.Equal(t, []int{c.updated, c.failed}, []int{answer.Updated, answer.Failed}, name)
			require.Len(t, answer.Results, len(c.rows), name)
			require.Equal(t, c.changed && !dry, made.changed, name)
			require.Equal(t, dry, answer.DryRun, name)
			require.Equal(t, made.changed, answer.BatchID == "batch_1", name)
		}
	}
}

func TestABatchOfWhichNothingCouldBeTriedFailsForItsCause(t *testing.T) {
	t.Parallel()
	for _, atomic := range []bool{false, true} {
		_, _, err := answerOf(t, mapping.BatchUpdate{Atomic: atomic}, mapping.English, failedRow, failedRow)
		require.ErrorIs(t, err, errOther)
		e := requireCode(t, NetworkError, errorOf(err, ""))
		require.Equal(t, Unreachable, e.Outage)
	}
}

func TestAnAtomicBatchThatNobodyKnowsOfIsUnknown(t *testing.T) {
	t.Parallel()
	_, _, err := answerOf(t, mapping.BatchUpdate{Atomic: true}, mapping.English, unknownRow, unknownRow)
	e := requireCode(t, OutcomeUnknown, err)
	require.Equal(t, "batch_1", e.BatchID)
	require.Equal(t, stock.SettledAfter, e.RetryAfter)
	require.ErrorIs(t, e, errOther, "the cause is not in the logs")
}

func TestABatchAddsUpWhatItChanged(t *testing.T) {
	t.Parallel()
	_, answer, err := answerOf(t, mapping.BatchUpdate{}, mapping.English,
		madeOf(t, "3.5", "1", "100", "150"),    // +50
		madeOf(t, "7", "1", "50", "45.5"),      // -4.5
		madeOf(t, "4.2", "6", "50", "60"),      // 8 packs to 10
		madeOf(t, "4.2", "6", "301", "13"),     // 50 packs to 2
		madeOf(t, "0.35", "0.5", "50", "49.5"), // 100 halves to 99
		madeOf(t, "0.1", "1", "0", "3"),        // 0.1 × 3
		madeOf(t, "1", "1", "9", "9"),
		refusedRow, failedRow, unknownRow,
	)
	require.NoError(t, err)
	said := make([][3]string, 7)
	for i, row := range answer.Results[:7] {
		said[i] = [3]string{row.PreviousQuantity.String(), row.NewQuantity.String(), row.TotalGrams.String()}
	}
	require.Equal(t, [][3]string{
		{"100", "150", "525"},
		{"50", "45.5", "318.5"},
		{"8", "10", "42"},
		{"50", "2", "8.4"},
		{"100", "99", "34.65"},
		{"0", "3", "0.3"},
		{"9", "9", "9"},
	}, said)
	require.Equal(t, "108.5", answer.Summary.TotalUnitsUpdated.String())
	require.Equal(t, "417.15", answer.Summary.TotalGramsUpdated.String(), "175 + 31.5 + 8.4 + 201.6 + 0.35 + 0.3")
}

func TestRowsSayInFewWordsWhatBecameOfThem(t *testing.T) {
	t.Parallel()
	below := madeOf(t, "1", "6", "60", "12")
	below.BelowReserved = true
	below.Level.ReservedQuantity = "30"
	of := func(reason stock.Reason, args ...any) stock.Outcome {
		return stock.Outcome{Status: stock.Refused, Refusal: &stock.Refusal{Reason: reason, Args: args}}
	}
	reserved := of(stock.InsufficientStock, mapping.QuantityOf(3), mapping.QuantityOf(5))
	reserved.Refusal.Reserved = true
	outcomes := []stock.Outcome{
		refusedRow, of(stock.InsufficientStock, mapping.QuantityOf(3), mapping.QuantityOf(5)), reserved,
		of(stock.StockChanged, mapping.QuantityOf(3), mapping.QuantityOf(5)), of(stock.VariantIsKit, "v"),
		failedRow,
		{Status: stock.Failed, Err: stock.ErrBusy},
		{Status: stock.Failed, Err: errWaited},
		unknownRow, skippedRow, below,
	}
	for language, sentences := range map[mapping.Language][]string{
		mapping.English: {
			"VARIANT_NOT_FOUND Variant not found", "INSUFFICIENT_STOCK Insufficient stock: 3 available, 5 asked for",
			"INSUFFICIENT_STOCK Insufficient unreserved stock: 3 available, 5 asked for",
			"STOCK_CHANGED Stock has changed: 3 expected, 5 found", "VARIANT_IS_KIT Variant is a kit",
			"NETWORK_ERROR Medusa does not answer", "NETWORK_ERROR Too many changes are waiting", "NETWORK_ERROR Waited too long",
			"OUTCOME_UNKNOWN Outcome unknown, being settled", " Skipped: another row of the batch failed", "Less than what is reserved (5)",
		},
		mapping.Spanish: {
			"VARIANT_NOT_FOUND Variante no encontrada", "INSUFFICIENT_STOCK Stock insuficiente: 3 disponibles, 5 solicitadas",
			"INSUFFICIENT_STOCK Stock sin reservar insuficiente: 3 disponibles, 5 solicitadas",
			"STOCK_CHANGED El stock ha cambiado: 3 esperadas, 5 encontradas", "VARIANT_IS_KIT La variante es un kit",
			"NETWORK_ERROR Medusa no responde", "NETWORK_ERROR Hay demasiados cambios en espera", "NETWORK_ERROR Esperó demasiado tiempo",
			"OUTCOME_UNKNOWN Resultado desconocido, se está aclarando", " Omitida: falló otra fila del lote", "Menos de lo reservado (5)",
		},
		mapping.German: {
			"VARIANT_NOT_FOUND Variante nicht gefunden", "INSUFFICIENT_STOCK Zu wenig Bestand: 3 verfügbar, 5 verlangt",
			"INSUFFICIENT_STOCK Zu wenig unreservierter Bestand: 3 verfügbar, 5 verlangt",
			"STOCK_CHANGED Bestand hat sich geändert: 3 erwartet, 5 vorhanden", "VARIANT_IS_KIT Variante ist ein Set",
			"NETWORK_ERROR Medusa antwortet nicht", "NETWORK_ERROR Zu viele Änderungen warten", "NETWORK_ERROR Zu lange gewartet",
			"OUTCOME_UNKNOWN Ergebnis unbekannt, wird geklärt", " Übersprungen: eine andere Zeile ist gescheitert", "Weniger als reserviert ist (5)",
		},
	} {
		_, answer, err := answerOf(t, mapping.BatchUpdate{}, language, outcomes...)
		require.NoError(t, err)
		last := len(answer.Results) - 1
		said := make([]string, len(answer.Results))
		statuses := make([]mapping.RowStatus, len(answer.Results))
		for i, row := range answer.Results {
			said[i], statuses[i] = row.Code+" "+row.Error, row.Status
		}
		said[last] = answer.Results[last].Warning
		require.Equal(t, sentences, said)
		require.Equal(t, append(slices.Repeat([]mapping.RowStatus{mapping.RowError}, 8),
			mapping.RowUnknown, mapping.RowSkipped, mapping.RowSuccess), statuses)
	}
}

func TestRowsAreAddressedAsTheyWereSent(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	answer, err := s.batch(t.Context(), s.by(""), `{"updates":[
		{"variantId":"variant_bd_1g","locationId":"sloc_high_up","quantity":150},
		{"sku":"BD-7G-001","locationId":"sloc_high_up","adjustment":25},
		{"inventoryItemId":"iitem_bd_14g","locationId":"sloc_deposito","quantity":60},
		{"sku":"NOPE","locationId":"sloc_high_up","quantity":1}
	]}`)
	require.NoError(t, err)
	batchID, _ := read(t, answer.Answer, nil)["batchId"].(string)
	require.JSONEq(t, `{"success":false,"updated":3,"failed":1,"batchId":"`+batchID+`","results":[
		{"variantId":"variant_bd_1g","locationId":"sloc_high_up","previousQuantity":100,"newQuantity":150,"totalGrams":150,"status":"success"},
		{"sku":"BD-7G-001","locationId":"sloc_high_up","previousQuantity":50,"newQuantity":75,"totalGrams":525,"status":"success"},
		{"inventoryItemId":"iitem_bd_14g","locationId":"sloc_deposito","previousQuantity":60,"newQuantity":60,"totalGrams":840,"status":"success"},
		{"sku":"NOPE","locationId":"sloc_high_up","status":"error","code":"SKU_NOT_FOUND","error":"SKU not found"}
	],"summary":{"totalUnitsUpdated":75,"totalGramsUpdated":225}}`, string(answer.JSON))
	require.Len(t, s.applied(t), 3)
	for _, entry := range s.applied(t) {
		require.Equal(t, batchID, entry.BatchID)
	}
}

func TestADryRunIsTheRealAnswerAndWritesNothing(t *testing.T) {
	t.Parallel()
	s := unhurried(t)
	long := make([]string, 300)
	for i, item := range s.manyItems(300) {
		long[i] = row(item, shopFloor, `"adjustment":1`)
	}
	for name, body := range map[string]func(whole string) string{
		"of good rows and bad": func(whole string) string {
			return rows(whole, row("variant_preroll_6", shopFloor, `"adjustment":-1`), row("variant_bd_7g", shopFloor, `"quantity":3`),
				row("variant_nope", shopFloor, `"quantity":1`), row("variant_kit_armado", shopFloor, `"quantity":1`),
				row("variant_consulta", shopFloor, `"quantity":1`), row("variant_sin_item", shopFloor, `"quantity":1`),
				row("iitem_alerta_uno", shopFloor, `"adjustment":-2`), row("iitem_bd_1g", shopFloor, `"adjustment":-1,"expectedQuantity":99`),
				row("iitem_bd_1g", shopFloor, `"adjustment":-91,"validateStock":true`), row("iitem_bd_1g", "sloc_nope", `"quantity":1`))
		},
		"of rows that see each other": func(whole string) string {
			return rows(whole, row("iitem_bd_14g", shopFloor, `"quantity":3`), row("variant_bd_14g", shopFloor, `"adjustment":-2`), row("iitem_bd_14g", shopFloor, `"adjustment":-2`))
		},
		"of a level to be made": func(whole string) string {
			return rows(whole, row("iitem_rareza_cero", wholesale, `"quantity":0.25`))
		},
		"of an atomic batch": func(whole string) string {
			return rows(whole+`,"atomic":true`, row("iitem_bd_3_5g", shopFloor, `"quantity":1`), row("variant_bd_3_5g", warehouse, `"adjustment":5`))
		},
		"of an atomic batch with a bad row": func(whole string) string {
			return rows(whole+`,"atomic":true`, row("iitem_bd_1g", shopFloor, `"quantity":1`), row("variant_nope", shopFloor, `"quantity":1`))
		},
		"of many rows": func(whole string) string { return rows(whole, long...) },
	} {
		t.Run(name, func(t *testing.T) {
			before, entries := s.medusa.Levels(), len(s.ledger(t))
			s.medusa.ResetCalls()
			dry, err := s.batch(t.Context(), s.by(name), body(`,"dryRun":true`))
			require.NoError(t, err)
			require.False(t, dry.Replayed)
			require.Zero(t, s.writes(), "something was written")
			require.Equal(t, before, s.medusa.Levels())
			require.Len(t, s.ledger(t), entries, "the ledger has rows of a dry run")
			for _, call := range s.medusa.Calls() {
				require.Equal(t, s.medusa.Calls()[0].Header.Get("Authorization"), call.Header.Get("Authorization"))
			}
			said := read(t, dry.Answer, nil)
			require.Equal(t, true, said["dryRun"])
			require.NotContains(t, said, "batchId")

			again, err := s.batch(t.Context(), s.by(name), body(`,"dryRun":true`))
			require.NoError(t, err)
			require.False(t, again.Replayed, "a dry run keeps no key")
			real, err := s.batch(t.Context(), s.by(name), body(""))
			require.NoError(t, err, "the key is taken by a dry run")
			require.False(t, real.Replayed)
			require.Equal(t, real.Status, dry.Status)
			require.Equal(t, told(t, real), told(t, dry))
		})
	}
}

func TestADryRunAsksWithTheCallersOwnCredential(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	own := s.by("")
	own.Caller = s.another("user_other")
	_, err := s.batch(t.Context(), own, rows(`,"dryRun":true`, row("variant_bd_1g", shopFloor, `"quantity":1`)))
	require.NoError(t, err)
	calls := s.medusa.Calls()
	require.Len(t, calls, 2, "the right and the read")
	require.Equal(t, calls[0].Header.Get("Authorization"), calls[1].Header.Get("Authorization"))
	require.NotEqual(t, "Bearer "+s.medusa.Token(medusatest.UserID), calls[1].Header.Get("Authorization"))
}

func TestALostAnswerToABatch(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	s.medusa.Fail(levelWrites, medusatest.Cut())
	answer, err := s.batch(t.Context(), s.by(""), rows("", row("variant_bd_1g", shopFloor, `"quantity":150`), row("variant_nope", shopFloor, `"quantity":1`)))
	require.NoError(t, err)
	require.Equal(t, http.StatusMultiStatus, answer.Status)
	require.Equal(t, []string{"unknown: Outcome unknown, being settled", "error: Variant not found"}, results(t, answer))

	_, err = s.batch(t.Context(), s.by(""), rows(`,"atomic":true`, row("variant_bd_7g", shopFloor, `"quantity":1`)))
	e := requireCode(t, OutcomeUnknown, err)
	entries, _ := s.audit(t, mapping.AuditQuery{BatchID: e.BatchID})
	require.Len(t, entries, 1, "the batch id is not in the audit")
	require.Equal(t, "pending", entries[0]["state"])
}

func TestABatchThatChangedNothingNamesNoBatch(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	answer, err := s.batch(t.Context(), s.by(""), rows("", row("variant_nope", shopFloor, `"quantity":1`)))
	require.NoError(t, err)
	require.Equal(t, http.StatusUnprocessableEntity, answer.Status)
	require.NotContains(t, read(t, answer.Answer, nil), "batchId", "an id that the audit does not know")
}
