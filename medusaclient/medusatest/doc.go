// Package medusatest is an in-memory Medusa 2.21.2 for tests and for
// `gateway demo`. It answers the calls that the gateway makes as the real one
// does, with the behaviour that breaks naive clients kept on purpose, fails on
// command, lets writes land when a test says so, and keeps a ledger of the calls
// it received.
//
// It speaks HTTP only: nothing here is shared with the client it tests.
//
// It knows no product options, images, tags or categories (the lists are
// empty), no regions, of the currencies only those in use, and takes no prices
// with rules. Carts have no prices and are completed without a payment. Where `order` leaves two rows equal it goes on by id, where
// PostgreSQL has no order.
package medusatest
