package mapping

// sentences is everything the gateway says to people: the titles and details
// of errors by their code and the faults of fields, under "warning." the
// warnings, and under "row." what the rows of a batch say in a few words.
var sentences = map[string][languages]string{
	"UNAUTHORIZED.title":              {English: "Not signed in", Spanish: "Sin autenticación", German: "Nicht angemeldet"},
	"FORBIDDEN.title":                 {English: "Not allowed", Spanish: "Sin permiso", German: "Nicht erlaubt"},
	"PRODUCT_NOT_FOUND.title":         {English: "Product not found", Spanish: "Producto no encontrado", German: "Produkt nicht gefunden"},
	"VARIANT_NOT_FOUND.title":         {English: "Variant not found", Spanish: "Variante no encontrada", German: "Variante nicht gefunden"},
	"INVENTORY_ITEM_NOT_FOUND.title":  {English: "Inventory item not found", Spanish: "Artículo de inventario no encontrado", German: "Bestandsartikel nicht gefunden"},
	"STOCK_LOCATION_NOT_FOUND.title":  {English: "Stock location not found", Spanish: "Ubicación de stock no encontrada", German: "Lagerort nicht gefunden"},
	"SKU_NOT_FOUND.title":             {English: "SKU not found", Spanish: "SKU no encontrado", German: "SKU nicht gefunden"},
	"INVENTORY_LEVEL_NOT_FOUND.title": {English: "Inventory level not found", Spanish: "Nivel de inventario no encontrado", German: "Bestand nicht gefunden"},
	"ROUTE_NOT_FOUND.title":           {English: "No such route", Spanish: "Ruta inexistente", German: "Unbekannte Route"},
	"METHOD_NOT_ALLOWED.title":        {English: "Method not allowed", Spanish: "Método no permitido", German: "Methode nicht erlaubt"},
	"BODY_TOO_LARGE.title":            {English: "Body too large", Spanish: "Cuerpo demasiado grande", German: "Inhalt zu groß"},
	"URI_TOO_LONG.title":              {English: "Address too long", Spanish: "Dirección demasiado larga", German: "Adresse zu lang"},
	"UNSUPPORTED_MEDIA_TYPE.title":    {English: "Unsupported media type", Spanish: "Tipo de contenido no admitido", German: "Medientyp nicht unterstützt"},
	"INVALID_JSON.title":              {English: "Not JSON", Spanish: "No es JSON", German: "Kein JSON"},
	"VALIDATION_FAILED.title":         {English: "Invalid request", Spanish: "Solicitud inválida", German: "Ungültige Anfrage"},
	"INSUFFICIENT_STOCK.title":        {English: "Insufficient stock", Spanish: "Stock insuficiente", German: "Zu wenig Bestand"},
	"STOCK_CHANGED.title":             {English: "Stock has changed", Spanish: "El stock ha cambiado", German: "Bestand hat sich geändert"},
	"LEVEL_HAS_STOCK.title":           {English: "Level has stock", Spanish: "El nivel tiene stock", German: "Noch Bestand vorhanden"},
	"LEVEL_HAS_RESERVATIONS.title":    {English: "Level has reservations", Spanish: "El nivel tiene reservas", German: "Noch Bestand reserviert"},
	"VARIANT_IS_KIT.title":            {English: "Variant is a kit", Spanish: "La variante es un kit", German: "Variante ist ein Set"},
	"VARIANT_NOT_MANAGED.title":       {English: "Variant not managed", Spanish: "Variante sin gestión de stock", German: "Variante ohne Bestandsverwaltung"},
	"INVENTORY_ITEM_MISSING.title":    {English: "Variant without inventory item", Spanish: "Variante sin artículo de inventario", German: "Variante ohne Bestandsartikel"},
	"REQUIRED_QUANTITY_INVALID.title": {English: "Variant takes nothing of its item", Spanish: "La variante no toma nada de su artículo", German: "Variante nimmt nichts von ihrem Artikel"},
	"QUANTITY_OUT_OF_RANGE.title":     {English: "Quantity out of range", Spanish: "Cantidad fuera de rango", German: "Menge außerhalb des Bereichs"},
	"IDEMPOTENCY_KEY_REUSED.title":    {English: "Idempotency-Key reused", Spanish: "Idempotency-Key reutilizada", German: "Idempotency-Key wiederverwendet"},
	"IDEMPOTENCY_IN_PROGRESS.title":   {English: "Request still running", Spanish: "Solicitud en curso", German: "Anfrage läuft noch"},
	"OUTCOME_UNKNOWN.title":           {English: "Outcome unknown", Spanish: "Resultado desconocido", German: "Ergebnis unbekannt"},
	"RATE_LIMITED.title":              {English: "Too many requests", Spanish: "Demasiadas solicitudes", German: "Zu viele Anfragen"},
	"NETWORK_ERROR.title":             {English: "Medusa does not answer", Spanish: "Medusa no responde", German: "Medusa antwortet nicht"},
	"INTERNAL.title":                  {English: "Internal error", Spanish: "Error interno", German: "Interner Fehler"},

	"UNAUTHORIZED": {
		English: "Send a Medusa user's token (Authorization: Bearer …) or a secret API key (Authorization: Basic …) that Medusa accepts.",
		Spanish: "Envíe el token de un usuario de Medusa (Authorization: Bearer …) o una clave secreta (Authorization: Basic …) que Medusa acepte.",
		German:  "Senden Sie das Token eines Medusa-Benutzers (Authorization: Bearer …) oder einen geheimen API-Schlüssel (Authorization: Basic …), den Medusa annimmt.",
	},
	"FORBIDDEN": {
		English: "Medusa does not allow this to the role of your user or key.",
		Spanish: "Medusa no lo permite al rol de su usuario o clave.",
		German:  "Medusa erlaubt dies der Rolle Ihres Benutzers oder Schlüssels nicht.",
	},
	"PRODUCT_NOT_FOUND": {
		English: "There is no product with the id %q.",
		Spanish: "No hay ningún producto con el id %q.",
		German:  "Es gibt kein Produkt mit der Id %q.",
	},
	"VARIANT_NOT_FOUND": {
		English: "There is no variant with the id %q.",
		Spanish: "No hay ninguna variante con el id %q.",
		German:  "Es gibt keine Variante mit der Id %q.",
	},
	"INVENTORY_ITEM_NOT_FOUND": {
		English: "There is no inventory item with the id %q.",
		Spanish: "No hay ningún artículo de inventario con el id %q.",
		German:  "Es gibt keinen Bestandsartikel mit der Id %q.",
	},
	"INVENTORY_ITEM_NOT_FOUND.none": {
		English: "The variant %q has no inventory item.",
		Spanish: "La variante %q no tiene artículo de inventario.",
		German:  "Die Variante %q hat keinen Bestandsartikel.",
	},
	"INVENTORY_ITEM_NOT_FOUND.kit": {
		English: "The variant %q is a kit of several inventory items; ask for one of them: %s.",
		Spanish: "La variante %q es un kit de varios artículos de inventario; pida uno de ellos: %s.",
		German:  "Die Variante %q ist ein Set aus mehreren Bestandsartikeln; fragen Sie nach einem davon: %s.",
	},
	"STOCK_LOCATION_NOT_FOUND": {
		English: "There is no stock location with the id %q.",
		Spanish: "No hay ninguna ubicación de stock con el id %q.",
		German:  "Es gibt keinen Lagerort mit der Id %q.",
	},
	"SKU_NOT_FOUND": {
		English: "There is no inventory item with the SKU %q.",
		Spanish: "No hay ningún artículo de inventario con el SKU %q.",
		German:  "Es gibt keinen Bestandsartikel mit der SKU %q.",
	},
	"INVENTORY_LEVEL_NOT_FOUND": {
		English: "The inventory item %q has no level at the stock location %q.",
		Spanish: "El artículo de inventario %q no tiene nivel en la ubicación de stock %q.",
		German:  "Der Bestandsartikel %q wird am Lagerort %q nicht geführt.",
	},
	"ROUTE_NOT_FOUND": {
		English: "Nothing is served at %q; /openapi.json lists what is.",
		Spanish: "No hay nada en %q; /openapi.json lista lo que hay.",
		German:  "Unter %q gibt es nichts; /openapi.json führt auf, was es gibt.",
	},
	"METHOD_NOT_ALLOWED": {
		English: "The method %s is not served here.",
		Spanish: "El método %s no se admite aquí.",
		German:  "Die Methode %s gibt es hier nicht.",
	},
	"BODY_TOO_LARGE": {
		English: "The body may have at most %d bytes.",
		Spanish: "El cuerpo puede tener como máximo %d bytes.",
		German:  "Der Inhalt darf höchstens %d Bytes haben.",
	},
	"URI_TOO_LONG": {
		English: "Path and query may have at most %d bytes.",
		Spanish: "La ruta y la consulta pueden tener como máximo %d bytes.",
		German:  "Pfad und Abfrage dürfen höchstens %d Bytes haben.",
	},
	"URI_TOO_LONG.upstream": {
		English: "Asked of Medusa, this is too long; ask for less at once.",
		Spanish: "Preguntado a Medusa, esto es demasiado largo; pida menos a la vez.",
		German:  "Bei Medusa erfragt ist dies zu lang; fragen Sie nach weniger auf einmal.",
	},
	"UNSUPPORTED_MEDIA_TYPE": {
		English: "Send the body as JSON, with Content-Type: application/json.",
		Spanish: "Envíe el cuerpo como JSON, con Content-Type: application/json.",
		German:  "Senden Sie den Inhalt als JSON, mit Content-Type: application/json.",
	},
	"INVALID_JSON": {
		English: "The body is not JSON in UTF-8.",
		Spanish: "El cuerpo no es JSON en UTF-8.",
		German:  "Der Inhalt ist kein JSON in UTF-8.",
	},
	"VALIDATION_FAILED": {
		English: "The request breaks a rule; see errors.",
		Spanish: "La solicitud incumple una regla; vea errors.",
		German:  "Die Anfrage verletzt eine Regel; siehe errors.",
	},
	"INSUFFICIENT_STOCK": {
		English: "Not enough stock: %s available, %s asked for.",
		Spanish: "No hay stock suficiente: %s disponibles, %s solicitadas.",
		German:  "Der Bestand reicht nicht: %s verfügbar, %s verlangt.",
	},
	"INSUFFICIENT_STOCK.reserved": {
		English: "Not enough stock that is not reserved: %s available, %s asked for.",
		Spanish: "No hay stock suficiente sin reservar: %s disponibles, %s solicitadas.",
		German:  "Der nicht reservierte Bestand reicht nicht: %s verfügbar, %s verlangt.",
	},
	"STOCK_CHANGED": {
		English: "The stock was expected to be %s, but it is %s.",
		Spanish: "Se esperaba un stock de %s, pero es de %s.",
		German:  "Erwartet war ein Bestand von %s, es sind aber %s.",
	},
	"LEVEL_HAS_STOCK": {
		English: "There are still %s in stock; with force: true the level is deleted all the same.",
		Spanish: "Aún hay %s en stock; con force: true el nivel se elimina de todos modos.",
		German:  "Es sind noch %s im Bestand; mit force: true wird der Bestand trotzdem gelöscht.",
	},
	"LEVEL_HAS_RESERVATIONS": {
		English: "Of the stock here %s are reserved; release the reservations first.",
		Spanish: "Del stock aquí hay %s reservadas; libere antes las reservas.",
		German:  "Vom Bestand hier sind %s reserviert; geben Sie zuerst die Reservierungen frei.",
	},
	"VARIANT_IS_KIT": {
		English: "The variant %q is a kit of several inventory items; change their stock instead.",
		Spanish: "La variante %q es un kit de varios artículos de inventario; cambie el stock de estos.",
		German:  "Die Variante %q ist ein Set aus mehreren Bestandsartikeln; ändern Sie deren Bestand.",
	},
	"VARIANT_NOT_MANAGED": {
		English: "The stock of the variant %q is not managed.",
		Spanish: "El stock de la variante %q no está gestionado.",
		German:  "Der Bestand der Variante %q wird nicht verwaltet.",
	},
	"INVENTORY_ITEM_MISSING": {
		English: "The variant %q has no inventory item that could hold stock.",
		Spanish: "La variante %q no tiene artículo de inventario que pueda tener stock.",
		German:  "Die Variante %q hat keinen Bestandsartikel, der Bestand haben könnte.",
	},
	"REQUIRED_QUANTITY_INVALID": {
		English: "The variant %q takes no positive quantity of its inventory item, so its units cannot be counted.",
		Spanish: "La variante %q no toma una cantidad positiva de su artículo de inventario, así que sus unidades no se pueden contar.",
		German:  "Die Variante %q nimmt keine positive Menge ihres Bestandsartikels, ihre Einheiten lassen sich also nicht zählen.",
	},
	"QUANTITY_OUT_OF_RANGE": {
		English: "The result would have more than 15 digits or 3 decimals, which Medusa does not keep.",
		Spanish: "El resultado tendría más de 15 dígitos o 3 decimales, que Medusa no conserva.",
		German:  "Das Ergebnis hätte mehr als 15 Stellen oder 3 Nachkommastellen, die Medusa nicht behält.",
	},
	"IDEMPOTENCY_KEY_REUSED": {
		English: "This Idempotency-Key came before with another request; send a new one.",
		Spanish: "Esta Idempotency-Key ya llegó con otra solicitud; envíe una nueva.",
		German:  "Dieser Idempotency-Key kam schon mit einer anderen Anfrage; senden Sie einen neuen.",
	},
	"IDEMPOTENCY_IN_PROGRESS": {
		English: "The request with this Idempotency-Key is still running; send it again shortly.",
		Spanish: "La solicitud con esta Idempotency-Key sigue en curso; envíela de nuevo en breve.",
		German:  "Die Anfrage mit diesem Idempotency-Key läuft noch; senden Sie sie gleich noch einmal.",
	},
	"OUTCOME_UNKNOWN": {
		English: "Medusa did not answer, so it may or may not have made the change. This is settled within about 30 s; the audit and the same Idempotency-Key tell the outcome.",
		Spanish: "Medusa no respondió, así que puede haber hecho el cambio o no. Se aclara en unos 30 s; la auditoría y la misma Idempotency-Key dicen el resultado.",
		German:  "Medusa hat nicht geantwortet, die Änderung kann also geschehen sein oder nicht. Das klärt sich in etwa 30 s; das Audit und derselbe Idempotency-Key nennen das Ergebnis.",
	},
	"RATE_LIMITED": {
		English: "Too many requests; try again in %d s.",
		Spanish: "Demasiadas solicitudes; intente de nuevo en %d s.",
		German:  "Zu viele Anfragen; versuchen Sie es in %d s wieder.",
	},
	"NETWORK_ERROR.broken": {
		English: "Medusa did not answer as it should. It was logged under the request id.",
		Spanish: "Medusa no respondió como debía. Quedó registrado con el id de la solicitud.",
		German:  "Medusa hat nicht so geantwortet, wie es sollte. Es wurde unter der Anfrage-Id protokolliert.",
	},
	"NETWORK_ERROR.unreachable": {
		English: "Medusa cannot be reached at the moment; try again shortly.",
		Spanish: "No se puede contactar a Medusa en este momento; intente de nuevo en breve.",
		German:  "Medusa ist gerade nicht erreichbar; versuchen Sie es gleich noch einmal.",
	},
	"NETWORK_ERROR.slow": {
		English: "Medusa did not answer in time; try again.",
		Spanish: "Medusa no respondió a tiempo; intente de nuevo.",
		German:  "Medusa hat nicht rechtzeitig geantwortet; versuchen Sie es noch einmal.",
	},
	"NETWORK_ERROR.busy": {
		English: "Too many changes of stock are waiting; try again shortly.",
		Spanish: "Hay demasiados cambios de stock en espera; intente de nuevo en breve.",
		German:  "Zu viele Bestandsänderungen warten; versuchen Sie es gleich noch einmal.",
	},
	"NETWORK_ERROR.waited": {
		English: "The change waited too long for its turn and was not made; try again.",
		Spanish: "El cambio esperó su turno demasiado tiempo y no se hizo; intente de nuevo.",
		German:  "Die Änderung hat zu lange gewartet und wurde nicht gemacht; versuchen Sie es noch einmal.",
	},
	"INTERNAL": {
		English: "Something went wrong here. It was logged under the request id.",
		Spanish: "Algo falló aquí. Quedó registrado con el id de la solicitud.",
		German:  "Hier ist etwas schiefgegangen. Es wurde unter der Anfrage-Id protokolliert.",
	},

	"UNKNOWN_PARAMETER": {
		English: "There is no parameter %q here; known are %s.",
		Spanish: "No existe aquí el parámetro %q; los conocidos son %s.",
		German:  "Den Parameter %q gibt es hier nicht; bekannt sind %s.",
	},
	"REPEATED": {
		English: "May be given only once.",
		Spanish: "Solo puede indicarse una vez.",
		German:  "Darf nur einmal angegeben werden.",
	},
	"NOT_AN_INTEGER": {
		English: "Must be a whole number.",
		Spanish: "Debe ser un número entero.",
		German:  "Muss eine ganze Zahl sein.",
	},
	"OUT_OF_RANGE": {
		English: "Must be between %d and %d.",
		Spanish: "Debe estar entre %d y %d.",
		German:  "Muss zwischen %d und %d liegen.",
	},
	"NOT_A_QUANTITY": {
		English: "Must be a number ≥ 0 with at most 15 digits, 3 of them decimals.",
		Spanish: "Debe ser un número ≥ 0 con un máximo de 15 dígitos, 3 de ellos decimales.",
		German:  "Muss eine Zahl ≥ 0 mit höchstens 15 Stellen sein, davon 3 Nachkommastellen.",
	},
	"EMPTY": {
		English: "Must not be empty.",
		Spanish: "No debe estar vacío.",
		German:  "Darf nicht leer sein.",
	},
	"TOO_LONG": {
		English: "May have at most %d characters.",
		Spanish: "Puede tener como máximo %d caracteres.",
		German:  "Darf höchstens %d Zeichen haben.",
	},
	"INVALID_CHARACTERS": {
		English: "Holds characters that are not allowed here.",
		Spanish: "Contiene caracteres que no se admiten aquí.",
		German:  "Enthält Zeichen, die hier nicht erlaubt sind.",
	},
	"TOO_MANY": {
		English: "May be given at most %d times.",
		Spanish: "Puede indicarse como máximo %d veces.",
		German:  "Darf höchstens %d-mal angegeben werden.",
	},
	"NOT_A_CURRENCY": {
		English: "Must be a currency code of three letters (ISO 4217).",
		Spanish: "Debe ser un código de moneda de tres letras (ISO 4217).",
		German:  "Muss ein Währungscode aus drei Buchstaben sein (ISO 4217).",
	},
	"NOT_URL_ENCODED": {
		English: "The query is not properly URL-encoded.",
		Spanish: "La consulta no está bien codificada como URL.",
		German:  "Die Abfrage ist nicht richtig URL-kodiert.",
	},
	"BODY_NOT_ALLOWED": {
		English: "This request takes no body.",
		Spanish: "Esta solicitud no admite cuerpo.",
		German:  "Diese Anfrage darf keinen Inhalt haben.",
	},
	"UNKNOWN_FIELD": {
		English: "There is no field %q here; known are %s.",
		Spanish: "No existe aquí el campo %q; los conocidos son %s.",
		German:  "Das Feld %q gibt es hier nicht; bekannt sind %s.",
	},
	"MISSING": {
		English: "Is needed.",
		Spanish: "Es necesario.",
		German:  "Wird gebraucht.",
	},
	"NOT_EXACTLY_ONE": {
		English: "Exactly one of these is needed: %s.",
		Spanish: "Se necesita exactamente uno de estos: %s.",
		German:  "Genau eines davon wird gebraucht: %s.",
	},
	"NOT_AT_LEAST_ONE": {
		English: "At least one of these is needed: %s.",
		Spanish: "Se necesita al menos uno de estos: %s.",
		German:  "Mindestens eines davon wird gebraucht: %s.",
	},
	"NOT_AN_OBJECT": {
		English: "Must be a JSON object.",
		Spanish: "Debe ser un objeto JSON.",
		German:  "Muss ein JSON-Objekt sein.",
	},
	"NOT_A_LIST": {
		English: "Must be a JSON array.",
		Spanish: "Debe ser un array JSON.",
		German:  "Muss ein JSON-Array sein.",
	},
	"TOO_MANY_ROWS": {
		English: "May have at most %d rows.",
		Spanish: "Puede tener como máximo %d filas.",
		German:  "Darf höchstens %d Zeilen haben.",
	},
	"NOT_TEXT": {
		English: "Must be a text (a JSON string).",
		Spanish: "Debe ser un texto (un string JSON).",
		German:  "Muss ein Text sein (ein JSON-String).",
	},
	"NOT_A_BOOLEAN": {
		English: "Must be true or false.",
		Spanish: "Debe ser true o false.",
		German:  "Muss true oder false sein.",
	},
	"NOT_A_NUMBER": {
		English: "Must be a number with at most 15 digits, 3 of them decimals.",
		Spanish: "Debe ser un número con un máximo de 15 dígitos, 3 de ellos decimales.",
		German:  "Muss eine Zahl mit höchstens 15 Stellen sein, davon 3 Nachkommastellen.",
	},
	"NOT_AN_ADJUSTMENT": {
		English: "Must be a number other than 0 with at most 15 digits, 3 of them decimals.",
		Spanish: "Debe ser un número distinto de 0 con un máximo de 15 dígitos, 3 de ellos decimales.",
		German:  "Muss eine Zahl außer 0 mit höchstens 15 Stellen sein, davon 3 Nachkommastellen.",
	},
	"NOT_LATER": {
		English: "Must be later than %s.",
		Spanish: "Debe ser posterior a %s.",
		German:  "Muss nach %s liegen.",
	},
	"IDEMPOTENCY_KEY_INVALID": {
		English: "The header Idempotency-Key must have 1 to 255 printable ASCII characters.",
		Spanish: "La cabecera Idempotency-Key debe tener de 1 a 255 caracteres ASCII imprimibles.",
		German:  "Der Header Idempotency-Key muss 1 bis 255 druckbare ASCII-Zeichen haben.",
	},
	"NOT_A_TIME": {
		English: "Must be a time by RFC 3339, such as 2026-11-22T05:00:00Z.",
		Spanish: "Debe ser un momento según RFC 3339, como 2026-11-22T05:00:00Z.",
		German:  "Muss ein Zeitpunkt nach RFC 3339 sein, etwa 2026-11-22T05:00:00Z.",
	},

	"warning." + WeightInvalid: {
		English: "The weight in the metadata of the variant %s is no positive number; it counts as 1 g.",
		Spanish: "El peso en los metadatos de la variante %s no es un número positivo; cuenta como 1 g.",
		German:  "Das Gewicht in den Metadaten der Variante %s ist keine positive Zahl; es zählt als 1 g.",
	},
	"warning." + WeightConflict: {
		English: "The variant %s gives the shared inventory item %s another weight than the variant before it, which counts.",
		Spanish: "La variante %s da al artículo de inventario compartido %s otro peso que la variante anterior, que es la que cuenta.",
		German:  "Die Variante %s gibt dem geteilten Bestandsartikel %s ein anderes Gewicht als die Variante davor, die zählt.",
	},
	"warning." + WeightUnknown: {
		English: "Only kits hold the inventory item %s; its units count as 1 g.",
		Spanish: "Solo kits contienen el artículo de inventario %s; sus unidades cuentan como 1 g.",
		German:  "Nur Sets enthalten den Bestandsartikel %s; seine Einheiten zählen als 1 g.",
	},
	"warning." + LocationDeleted: {
		English: "There is stock at the location %s, which was deleted; it is counted all the same.",
		Spanish: "Hay stock en la ubicación %s, que fue eliminada; se cuenta de todos modos.",
		German:  "Am Lagerort %s, der gelöscht wurde, gibt es Bestand; er wird trotzdem gezählt.",
	},
	"warning." + InventoryItemMissing: {
		English: "The stock of the variant %s is managed, but it has no inventory item.",
		Spanish: "El stock de la variante %s está gestionado, pero no tiene artículo de inventario.",
		German:  "Der Bestand der Variante %s wird verwaltet, aber sie hat keinen Bestandsartikel.",
	},
	"warning." + RequiredQuantityInvalid: {
		English: "The variant %s takes no positive quantity of the inventory item %s; it counts as 1.",
		Spanish: "La variante %s no toma una cantidad positiva del artículo de inventario %s; cuenta como 1.",
		German:  "Die Variante %s nimmt keine positive Menge des Bestandsartikels %s; es zählt als 1.",
	},

	"row.VARIANT_NOT_FOUND":           {English: "Variant not found", Spanish: "Variante no encontrada", German: "Variante nicht gefunden"},
	"row.INVENTORY_ITEM_NOT_FOUND":    {English: "Inventory item not found", Spanish: "Artículo de inventario no encontrado", German: "Bestandsartikel nicht gefunden"},
	"row.SKU_NOT_FOUND":               {English: "SKU not found", Spanish: "SKU no encontrado", German: "SKU nicht gefunden"},
	"row.STOCK_LOCATION_NOT_FOUND":    {English: "Stock location not found", Spanish: "Ubicación de stock no encontrada", German: "Lagerort nicht gefunden"},
	"row.INSUFFICIENT_STOCK":          {English: "Insufficient stock: %s available, %s asked for", Spanish: "Stock insuficiente: %s disponibles, %s solicitadas", German: "Zu wenig Bestand: %s verfügbar, %s verlangt"},
	"row.INSUFFICIENT_STOCK.reserved": {English: "Insufficient unreserved stock: %s available, %s asked for", Spanish: "Stock sin reservar insuficiente: %s disponibles, %s solicitadas", German: "Zu wenig unreservierter Bestand: %s verfügbar, %s verlangt"},
	"row.STOCK_CHANGED":               {English: "Stock has changed: %s expected, %s found", Spanish: "El stock ha cambiado: %s esperadas, %s encontradas", German: "Bestand hat sich geändert: %s erwartet, %s vorhanden"},
	"row.VARIANT_IS_KIT":              {English: "Variant is a kit", Spanish: "La variante es un kit", German: "Variante ist ein Set"},
	"row.VARIANT_NOT_MANAGED":         {English: "Stock of the variant is not managed", Spanish: "El stock de la variante no está gestionado", German: "Bestand der Variante wird nicht verwaltet"},
	"row.INVENTORY_ITEM_MISSING":      {English: "Variant has no inventory item", Spanish: "La variante no tiene artículo de inventario", German: "Variante hat keinen Bestandsartikel"},
	"row.REQUIRED_QUANTITY_INVALID":   {English: "Variant takes no positive quantity of its inventory item", Spanish: "La variante no toma una cantidad positiva de su artículo de inventario", German: "Variante nimmt keine positive Menge ihres Bestandsartikels"},
	"row.QUANTITY_OUT_OF_RANGE":       {English: "Result has more than 15 digits or 3 decimals", Spanish: "El resultado tiene más de 15 dígitos o 3 decimales", German: "Ergebnis hat mehr als 15 Stellen oder 3 Nachkommastellen"},
	"row.OUTCOME_UNKNOWN":             {English: "Outcome unknown, being settled", Spanish: "Resultado desconocido, se está aclarando", German: "Ergebnis unbekannt, wird geklärt"},
	"row.NETWORK_ERROR":               {English: "Medusa does not answer", Spanish: "Medusa no responde", German: "Medusa antwortet nicht"},
	"row.NETWORK_ERROR.busy":          {English: "Too many changes are waiting", Spanish: "Hay demasiados cambios en espera", German: "Zu viele Änderungen warten"},
	"row.NETWORK_ERROR.waited":        {English: "Waited too long", Spanish: "Esperó demasiado tiempo", German: "Zu lange gewartet"},
	"row.SKIPPED":                     {English: "Skipped: another row of the batch failed", Spanish: "Omitida: falló otra fila del lote", German: "Übersprungen: eine andere Zeile ist gescheitert"},
	"row.BELOW_RESERVED":              {English: "Less than what is reserved (%s)", Spanish: "Menos de lo reservado (%s)", German: "Weniger als reserviert ist (%s)"},
}
