package main

import (
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/testdata/clients"
)

// TestRealMedusaStockBoardInABrowser: a shift at the stock board, in each
// language, in two windows and on a phone.
func TestRealMedusaStockBoardInABrowser(t *testing.T) {
	tools := clients.Install(t)
	browser := tools.Browser(t)
	shop := newRealShop(t)
	pictures := t.ArtifactDir()
	tools.Node(t, []string{"BROWSER=" + browser, "SCREENSHOTS=" + pictures, "EMAIL=" + shop.medusa.Email, "PASSWORD=" + shop.medusa.Password},
		"board.mjs", shop.url)
	for _, language := range []string{"en", "es", "de"} {
		requirePicture(t, filepath.Join(pictures, "board-"+language+"-1440.png"), 1440)
		requirePicture(t, filepath.Join(pictures, "board-"+language+"-390.png"), 390)
	}
}

// requirePicture asserts that a screenshot is there, so many pixels wide and not
// of one colour.
func requirePicture(t *testing.T, path string, width int) {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err, "a screenshot is missing")
	defer func() { _ = file.Close() }()
	picture, err := png.Decode(file)
	require.NoError(t, err, path)
	size := picture.Bounds()
	assert.Equal(t, width, size.Dx(), path)
	colours := map[[4]uint32]bool{}
	for y := size.Min.Y; y < size.Max.Y; y += 7 {
		for x := size.Min.X; x < size.Max.X; x += 7 {
			r, g, b, a := picture.At(x, y).RGBA()
			colours[[4]uint32{r, g, b, a}] = true
		}
	}
	assert.Greater(t, len(colours), 20, "%s is empty", path)
}
