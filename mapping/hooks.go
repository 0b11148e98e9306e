package mapping

// Hook is what is told of an event in Medusa: its name. What it happened to is read
// from Medusa, not from here.
type Hook struct {
	Event string
}

// ParseHook reads the body of POST /hooks/medusa, which is ValidJSON.
func ParseHook(body []byte) (Hook, []Fault) {
	return readBody(body, []string{"event", "data"}, func(o *object) Hook {
		o.need("event")
		return Hook{Event: o.text("event")}
	})
}
