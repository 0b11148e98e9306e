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
