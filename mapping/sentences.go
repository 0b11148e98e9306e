package mapping

// sentences is everything the gateway says to people: the titles and details
// of errors by their code, faults of fields, warnings.
var sentences = map[string][languages]string{
	"UNAUTHORIZED.title":             {English: "Not signed in", Spanish: "Sin autenticación", German: "Nicht angemeldet"},
	"FORBIDDEN.title":                {English: "Not allowed", Spanish: "Sin permiso", German: "Nicht erlaubt"},
	"PRODUCT_NOT_FOUND.title":        {English: "Product not found", Spanish: "Producto no encontrado", German: "Produkt nicht gefunden"},
	"VARIANT_NOT_FOUND.title":        {English: "Variant not found", Spanish: "Variante no encontrada", German: "Variante nicht gefunden"},
	"INVENTORY_ITEM_NOT_FOUND.title": {English: "Inventory item not found", Spanish: "Artículo de inventario no encontrado", German: "Bestandsartikel nicht gefunden"},
	"STOCK_LOCATION_NOT_FOUND.title": {English: "Stock location not found", Spanish: "Ubicación de stock no encontrada", German: "Lagerort nicht gefunden"},
	"ROUTE_NOT_FOUND.title":          {English: "No such route", Spanish: "Ruta inexistente", German: "Unbekannte Route"},
	"METHOD_NOT_ALLOWED.title":       {English: "Method not allowed", Spanish: "Método no permitido", German: "Methode nicht erlaubt"},
	"BODY_TOO_LARGE.title":           {English: "Body too large", Spanish: "Cuerpo demasiado grande", German: "Inhalt zu groß"},
	"URI_TOO_LONG.title":             {English: "Address too long", Spanish: "Dirección demasiado larga", German: "Adresse zu lang"},
	"VALIDATION_FAILED.title":        {English: "Invalid request", Spanish: "Solicitud inválida", German: "Ungültige Anfrage"},
	"RATE_LIMITED.title":             {English: "Too many requests", Spanish: "Demasiadas solicitudes", German: "Zu viele Anfragen"},
	"NETWORK_ERROR.title":            {English: "Medusa does not answer", Spanish: "Medusa no responde", German: "Medusa antwortet nicht"},
	"INTERNAL.title":                 {English: "Internal error", Spanish: "Error interno", German: "Interner Fehler"},

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
	"VALIDATION_FAILED": {
		English: "The request breaks a rule; see errors.",
		Spanish: "La solicitud incumple una regla; vea errors.",
		German:  "Die Anfrage verletzt eine Regel; siehe errors.",
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

	WeightInvalid: {
		English: "The weight in the metadata of the variant %s is no positive number; it counts as 1 g.",
		Spanish: "El peso en los metadatos de la variante %s no es un número positivo; cuenta como 1 g.",
		German:  "Das Gewicht in den Metadaten der Variante %s ist keine positive Zahl; es zählt als 1 g.",
	},
	WeightConflict: {
		English: "The variant %s gives the shared inventory item %s another weight than the variant before it, which counts.",
		Spanish: "La variante %s da al artículo de inventario compartido %s otro peso que la variante anterior, que es la que cuenta.",
		German:  "Die Variante %s gibt dem geteilten Bestandsartikel %s ein anderes Gewicht als die Variante davor, die zählt.",
	},
	WeightUnknown: {
		English: "Only kits hold the inventory item %s; its units count as 1 g.",
		Spanish: "Solo kits contienen el artículo de inventario %s; sus unidades cuentan como 1 g.",
		German:  "Nur Sets enthalten den Bestandsartikel %s; seine Einheiten zählen als 1 g.",
	},
	LocationDeleted: {
		English: "There is stock at the location %s, which was deleted; it is counted all the same.",
		Spanish: "Hay stock en la ubicación %s, que fue eliminada; se cuenta de todos modos.",
		German:  "Am Lagerort %s, der gelöscht wurde, gibt es Bestand; er wird trotzdem gezählt.",
	},
	InventoryItemMissing: {
		English: "The stock of the variant %s is managed, but it has no inventory item.",
		Spanish: "El stock de la variante %s está gestionado, pero no tiene artículo de inventario.",
		German:  "Der Bestand der Variante %s wird verwaltet, aber sie hat keinen Bestandsartikel.",
	},
	RequiredQuantityInvalid: {
		English: "The variant %s takes no positive quantity of the inventory item %s; it counts as 1.",
		Spanish: "La variante %s no toma una cantidad positiva del artículo de inventario %s; cuenta como 1.",
		German:  "Die Variante %s nimmt keine positive Menge des Bestandsartikels %s; es zählt als 1.",
	},
}
