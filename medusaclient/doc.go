// Package medusaclient speaks to a Medusa v2 shop exactly as Medusa is: its
// snake_case types, its calls, its errors, and the one way in which every call
// travels (credential, concurrency cap, retry rule, breaker, bounded answers).
// It translates nothing; package mapping does.
package medusaclient
