package mapping

// Fault is what is wrong with one field of a request. Pointer is a JSON pointer
// into the body, or a slash and the name of the query parameter.
type Fault struct {
	Pointer string
	Code    string
	Args    []any
}

// Message says the fault to a person.
func (f Fault) Message() Message { return Message{Key: f.Code, Args: f.Args} }
