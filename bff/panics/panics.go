// Package panics turns panics into errors, in goroutines where a panic would end the
// program.
package panics

import (
	"fmt"
	"runtime/debug"
)

// Recover makes a panic the error of the function that defers it.
func Recover(err *error) {
	if cause := recover(); cause != nil {
		*err = Error(cause)
	}
}

// Error is a panic's value, with the stack of where it is called: while the panic runs
// that is where it began.
func Error(cause any) error { return fmt.Errorf("panic: %v\n%s", cause, debug.Stack()) }
