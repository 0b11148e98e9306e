package mapping

import "strings"

// pageTexts is what the pages for people say, by the name of the page and of
// the text.
var pageTexts = map[string][languages]string{
	"home.title":     {English: "Cannahub gateway", Spanish: "Gateway de Cannahub", German: "Cannahub-Gateway"},
	"home.lead":      {English: "The stock of a Medusa shop, at all its locations, in one API.", Spanish: "El stock de una tienda Medusa, en todas sus ubicaciones, en una sola API.", German: "Der Bestand eines Medusa-Shops, an allen Lagerorten, in einer API."},
	"home.board":     {English: "Stock board", Spanish: "Tablero de stock", German: "Bestandstafel"},
	"home.boardIs":   {English: "See what there is and where, live; count, correct and move it.", Spanish: "Vea en vivo qué hay y dónde; cuéntelo, corríjalo y muévalo.", German: "Sehen, was wo da ist, live; zählen, berichtigen und umlagern."},
	"home.docs":      {English: "API reference", Spanish: "Referencia de la API", German: "API-Referenz"},
	"home.docsIs":    {English: "Every route with its examples, to read and to try.", Spanish: "Todas las rutas con ejemplos, para leer y probar.", German: "Jede Route mit Beispielen, zum Lesen und Ausprobieren."},
	"home.openapi":   {English: "OpenAPI document", Spanish: "Documento OpenAPI", German: "OpenAPI-Dokument"},
	"home.openapiIs": {English: "For generated types and clients, and for Postman.", Spanish: "Para generar tipos y clientes, y para Postman.", German: "Für erzeugte Typen und Clients und für Postman."},

	"board.title":             {English: "Stock board", Spanish: "Tablero de stock", German: "Bestandstafel"},
	"board.skip":              {English: "Skip to the products", Spanish: "Ir a los productos", German: "Zu den Produkten"},
	"board.noScript":          {English: "The stock board needs JavaScript.", Spanish: "El tablero de stock necesita JavaScript.", German: "Die Bestandstafel braucht JavaScript."},
	"board.signIn":            {English: "Sign in", Spanish: "Iniciar sesión", German: "Anmelden"},
	"board.signInWhy":         {English: "With your Medusa user.", Spanish: "Con su usuario de Medusa.", German: "Mit Ihrem Medusa-Benutzer."},
	"board.signInAgain":       {English: "Your session is over. Please sign in again.", Spanish: "Su sesión terminó. Inicie sesión de nuevo.", German: "Ihre Sitzung ist zu Ende. Bitte melden Sie sich wieder an."},
	"board.signInRefused":     {English: "Medusa does not know this e-mail address with this password.", Spanish: "Medusa no conoce este correo con esta contraseña.", German: "Medusa kennt diese E-Mail-Adresse mit diesem Passwort nicht."},
	"board.signInMore":        {English: "This account cannot sign in here: it is no user of Medusa's admin, or asks for a second factor.", Spanish: "Esta cuenta no puede iniciar sesión aquí: no es de un usuario del administrador de Medusa o pide un segundo factor.", German: "Mit diesem Konto kann man sich hier nicht anmelden: Es ist kein Benutzer von Medusas Verwaltung oder verlangt einen zweiten Faktor."},
	"board.signOut":           {English: "Sign out", Spanish: "Salir", German: "Abmelden"},
	"board.email":             {English: "E-mail", Spanish: "Correo electrónico", German: "E-Mail"},
	"board.password":          {English: "Password", Spanish: "Contraseña", German: "Passwort"},
	"board.search":            {English: "Search", Spanish: "Buscar", German: "Suchen"},
	"board.location":          {English: "Location", Spanish: "Ubicación", German: "Lagerort"},
	"board.allLocations":      {English: "All locations", Spanish: "Todas las ubicaciones", German: "Alle Lagerorte"},
	"board.order":             {English: "Order", Spanish: "Orden", German: "Reihenfolge"},
	"board.lowFirst":          {English: "Low stock first", Spanish: "Primero el stock bajo", German: "Knappes zuerst"},
	"board.byName":            {English: "By name", Spanish: "Por nombre", German: "Nach Namen"},
	"board.threshold":         {English: "Low up to", Spanish: "Bajo hasta", German: "Knapp bis"},
	"board.products":          {English: "Products", Spanish: "Productos", German: "Produkte"},
	"board.more":              {English: "Show more", Spanish: "Mostrar más", German: "Mehr zeigen"},
	"board.loading":           {English: "Loading …", Spanish: "Cargando …", German: "Wird geladen …"},
	"board.nothing":           {English: "Nothing matches.", Spanish: "No hay coincidencias.", German: "Nichts passt dazu."},
	"board.shows":             {English: "{shown} of {count} products", Spanish: "{shown} de {count} productos", German: "{shown} von {count} Produkten"},
	"board.live":              {English: "Live", Spanish: "En vivo", German: "Live"},
	"board.waiting":           {English: "Reconnecting …", Spanish: "Reconectando …", German: "Verbindet neu …"},
	"board.inStock":           {English: "In stock", Spanish: "En stock", German: "Bestand"},
	"board.reserved":          {English: "Reserved", Spanish: "Reservado", German: "Reserviert"},
	"board.available":         {English: "Available", Spanish: "Disponible", German: "Verfügbar"},
	"board.weight":            {English: "Weight", Spanish: "Peso", German: "Gewicht"},
	"board.actions":           {English: "Actions", Spanish: "Acciones", German: "Aktionen"},
	"board.out":               {English: "Out of stock", Spanish: "Sin stock", German: "Ausverkauft"},
	"board.low":               {English: "Low", Spanish: "Bajo", German: "Knapp"},
	"board.unmanaged":         {English: "stock not managed", Spanish: "stock sin gestión", German: "ohne Bestandsverwaltung"},
	"board.kit":               {English: "kit: change its parts", Spanish: "kit: cambie sus partes", German: "Set: seine Teile ändern"},
	"board.deletedLocation":   {English: "(deleted location)", Spanish: "(ubicación eliminada)", German: "(gelöschter Lagerort)"},
	"board.edit":              {English: "Edit", Spanish: "Editar", German: "Ändern"},
	"board.editOf":            {English: "Edit {what}, {where}", Spanish: "Editar {what}, {where}", German: "{what}, {where} ändern"},
	"board.elsewhere":         {English: "Other location", Spanish: "Otra ubicación", German: "Anderer Ort"},
	"board.elsewhereOf":       {English: "Other location for {what}", Spanish: "Otra ubicación para {what}", German: "Anderer Ort für {what}"},
	"board.history":           {English: "History", Spanish: "Historial", German: "Verlauf"},
	"board.historyOf":         {English: "History of {what}, {where}", Spanish: "Historial de {what}, {where}", German: "Verlauf von {what}, {where}"},
	"board.now":               {English: "{quantity} in stock ({grams}), {reserved} reserved, {available} available", Spanish: "{quantity} en stock ({grams}), {reserved} reservados, {available} disponibles", German: "{quantity} im Bestand ({grams}), {reserved} reserviert, {available} verfügbar"},
	"board.what":              {English: "What do you want to do?", Spanish: "¿Qué quiere hacer?", German: "Was möchten Sie tun?"},
	"board.count":             {English: "Set what was counted", Spanish: "Fijar lo contado", German: "Gezähltes setzen"},
	"board.adjust":            {English: "Add or take away", Spanish: "Sumar o restar", German: "Hinzufügen oder wegnehmen"},
	"board.quantity":          {English: "Quantity", Spanish: "Cantidad", German: "Menge"},
	"board.countHint":         {English: "What is there now, such as 120 or 3.5", Spanish: "Lo que hay ahora, como 120 o 3,5", German: "Was jetzt da ist, etwa 120 oder 3,5"},
	"board.adjustHint":        {English: "How much more, or less: 10 or -2", Spanish: "Cuánto más, o menos: 10 o -2", German: "Wie viel mehr oder weniger: 10 oder -2"},
	"board.countInvalid":      {English: "Enter a number from 0 on, with at most three decimals.", Spanish: "Escriba un número desde 0, con tres decimales como máximo.", German: "Geben Sie eine Zahl ab 0 ein, mit höchstens drei Nachkommastellen."},
	"board.adjustInvalid":     {English: "Enter a number other than 0, with at most three decimals.", Spanish: "Escriba un número distinto de 0, con tres decimales como máximo.", German: "Geben Sie eine Zahl ein, die nicht 0 ist, mit höchstens drei Nachkommastellen."},
	"board.becomes":           {English: "{before} becomes {after}", Spanish: "{before} pasa a {after}", German: "Aus {before} wird {after}"},
	"board.became":            {English: "{before} → {after}", Spanish: "{before} → {after}", German: "{before} → {after}"},
	"board.reason":            {English: "Reason", Spanish: "Motivo", German: "Grund"},
	"board.choose":            {English: "Please choose", Spanish: "Elija uno", German: "Bitte wählen"},
	"board.reasonMissing":     {English: "Choose a reason.", Spanish: "Elija un motivo.", German: "Wählen Sie einen Grund."},
	"board.reason_cycleCount": {English: "Count", Spanish: "Conteo", German: "Zählung"},
	"board.reason_received":   {English: "Received", Spanish: "Recepción", German: "Wareneingang"},
	"board.reason_sale":       {English: "Sale", Spanish: "Venta", German: "Verkauf"},
	"board.reason_return":     {English: "Return", Spanish: "Devolución", German: "Rückgabe"},
	"board.reason_damaged":    {English: "Damaged", Spanish: "Dañado", German: "Beschädigt"},
	"board.reason_shrinkage":  {English: "Shrinkage", Spanish: "Merma", German: "Schwund"},
	"board.reason_correction": {English: "Correction", Spanish: "Corrección", German: "Berichtigung"},
	"board.reason_transfer":   {English: "Transfer", Spanish: "Traslado", German: "Umlagerung"},
	"board.otherReason":       {English: "Another reason", Spanish: "Otro motivo", German: "Anderer Grund"},
	"board.reference":         {English: "Order or document (optional)", Spanish: "Pedido o documento (opcional)", German: "Bestellung oder Beleg (freiwillig)"},
	"board.save":              {English: "Save now", Spanish: "Guardar ahora", German: "Jetzt speichern"},
	"board.stage":             {English: "Add to batch", Spanish: "Agregar al lote", German: "Zum Stapel"},
	"board.cancel":            {English: "Cancel", Spanish: "Cancelar", German: "Abbrechen"},
	"board.close":             {English: "Close", Spanish: "Cerrar", German: "Schließen"},
	"board.saved":             {English: "{what}: now {after} in stock", Spanish: "{what}: ahora {after} en stock", German: "{what}: jetzt {after} im Bestand"},
	"board.batch":             {English: "Batch", Spanish: "Lote", German: "Stapel"},
	"board.oneWaits":          {English: "1 edit waits", Spanish: "1 cambio en espera", German: "1 Änderung wartet"},
	"board.manyWait":          {English: "{count} edits wait", Spanish: "{count} cambios en espera", German: "{count} Änderungen warten"},
	"board.review":            {English: "Look through and send", Spanish: "Revisar y enviar", German: "Durchsehen und senden"},
	"board.atomic":            {English: "All or nothing", Spanish: "Todo o nada", German: "Alles oder nichts"},
	"board.send":              {English: "Send", Spanish: "Enviar", German: "Senden"},
	"board.try":               {English: "Try first", Spanish: "Probar antes", German: "Erst probieren"},
	"board.drop":              {English: "Remove", Spanish: "Quitar", German: "Entfernen"},
	"board.dropOf":            {English: "Remove {what}, {where}", Spanish: "Quitar {what}, {where}", German: "{what}, {where} entfernen"},
	"board.setTo":             {English: "= {quantity}", Spanish: "= {quantity}", German: "= {quantity}"},
	"board.changeBy":          {English: "{quantity}", Spanish: "{quantity}", German: "{quantity}"},
	"board.made":              {English: "{made} of {count} made", Spanish: "{made} de {count} hechos", German: "{made} von {count} ausgeführt"},
	"board.wouldMake":         {English: "{made} of {count} would be made; nothing is written yet", Spanish: "{made} de {count} se harían; todavía no se escribió nada", German: "{made} von {count} würden ausgeführt; noch ist nichts geschrieben"},
	"board.skipped":           {English: "Not made: another row cannot be", Spanish: "No hecho: otra fila no es posible", German: "Nicht ausgeführt: Eine andere Zeile geht nicht"},
	"board.unknown":           {English: "Not known yet whether it was made; send again to learn", Spanish: "Aún no se sabe si se hizo; envíe de nuevo para saberlo", German: "Noch ist nicht bekannt, ob es ausgeführt wurde; noch einmal senden, um es zu erfahren"},
	"board.older":             {English: "Show older", Spanish: "Mostrar anteriores", German: "Ältere zeigen"},
	"board.noHistory":         {English: "Nothing was changed through the gateway yet.", Spanish: "Aún no se cambió nada a través del gateway.", German: "Über das Gateway wurde noch nichts geändert."},
	"board.somebodyElse":      {English: "outside the gateway", Spanish: "fuera del gateway", German: "außerhalb des Gateways"},
	"board.state_pending":     {English: "under way", Spanish: "en curso", German: "läuft"},
	"board.state_failed":      {English: "not made", Spanish: "no hecho", German: "nicht ausgeführt"},
	"board.state_unknown":     {English: "outcome unknown", Spanish: "resultado desconocido", German: "Ergebnis unbekannt"},
	"board.state_outside":     {English: "changed elsewhere", Spanish: "cambiado en otro lugar", German: "anderswo geändert"},
	"board.unreachable":       {English: "The gateway cannot be reached. Try again; the edit is made once, however often it is sent.", Spanish: "No se puede llegar al gateway. Intente de nuevo; el cambio se hace una sola vez, aunque se envíe varias.", German: "Das Gateway ist nicht zu erreichen. Versuchen Sie es wieder; die Änderung wird nur einmal ausgeführt, so oft sie auch gesendet wird."},
	"board.failed":            {English: "The gateway answered {status}.", Spanish: "El gateway respondió {status}.", German: "Das Gateway hat {status} geantwortet."},
}

// PageText is a text of a page, if there is one of that key.
func PageText(key string, l Language) (text string, known bool) {
	said, known := pageTexts[key]
	return said[l], known
}

// PageTexts are the texts of a page by their names without the page's.
func PageTexts(page string, l Language) map[string]string {
	texts := map[string]string{}
	for key, text := range pageTexts {
		if name, found := strings.CutPrefix(key, page+"."); found {
			texts[name] = text[l]
		}
	}
	return texts
}
