// Package mapping is the camelCase vocabulary of the gateway: its types, the
// pure translation from Medusa's, exact quantities and grams, the faults of a
// request and the sentences in three languages. It does no I/O.
package mapping
