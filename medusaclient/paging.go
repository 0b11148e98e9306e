package medusaclient

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
)

const (
	// pageSize: larger pages cost Medusa more per row, smaller ones more calls.
	pageSize = 250

	// maxIDs in one call: 400 fit into Node's 16 KiB, with a short token.
	maxIDs = 300

	// maxRepeated is how often one parameter can be repeated: Medusa drops what
	// is beyond 1,000 parameters, without a word.
	maxRepeated = 900

	// pagesAtOnce leaves room for other callers below the concurrency cap.
	pagesAtOnce = 4
)

// Page is one page of a list. Count is the number of rows in the whole list.
type Page[T any] struct {
	Rows  []T
	Count int
}

// allPages reads a list to its end: the first page tells how many there are,
// the others are read side by side.
func allPages[T any](ctx context.Context, page func(ctx context.Context, limit, offset int) (Page[T], error)) ([]T, error) {
	first, err := page(ctx, pageSize, 0)
	if err != nil {
		return nil, err
	}
	if first.Count <= pageSize {
		return first.Rows, nil
	}
	rest, err := sideBySide(ctx, (first.Count-1)/pageSize, func(ctx context.Context, i int) ([]T, error) {
		next, err := page(ctx, pageSize, (i+1)*pageSize)
		return next.Rows, err
	})
	if err != nil {
		return nil, err
	}
	return append(first.Rows, rest...), nil
}

// byID asks for the rows of many ids, as many at once as a call can hold.
// Unknown ids are left out by Medusa.
func byID[T any](ctx context.Context, ids []string, list func(ctx context.Context, ids []string) ([]T, error)) ([]T, error) {
	chunks := slices.Collect(slices.Chunk(ids, maxIDs))
	return sideBySide(ctx, len(chunks), func(ctx context.Context, i int) ([]T, error) {
		return list(ctx, chunks[i])
	})
}

// inParts halves a question until each part fits a call.
func inParts[Question any](whole Question, fits func(Question) bool, halves func(Question) (first, second Question)) []Question {
	if fits(whole) {
		return []Question{whole}
	}
	first, second := halves(whole)
	return append(inParts(first, fits, halves), inParts(second, fits, halves)...)
}

// sideBySide makes n calls, some at a time, and joins their rows in order.
func sideBySide[T any](ctx context.Context, n int, rows func(ctx context.Context, i int) ([]T, error)) ([]T, error) {
	parts := make([][]T, n)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(pagesAtOnce)
	for i := range n {
		group.Go(func() (err error) {
			parts[i], err = rows(ctx, i)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(parts...), nil
}
