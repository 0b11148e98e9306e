package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMoreThatLivesLeavesRoomForLessGarbage(t *testing.T) {
	for live, percent := range map[uint64]int{0: 400, 4 << 20: 400, 16 << 20: 400, 64 << 20: 100, 128 << 20: 50, 1 << 30: 50} {
		assert.Equal(t, percent, gcPercent(live), "of %d MiB that live", live>>20)
	}
}
