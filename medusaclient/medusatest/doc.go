// Package medusatest is an in-memory Medusa 2.21.2 for tests and for
// `gateway demo`. It answers the calls the gateway makes as the real one does,
// with the behaviour that breaks naive clients kept on purpose, fails on
// command, and keeps a ledger of the calls it received.
//
// It speaks HTTP only: nothing here is shared with the client it tests.
package medusatest
