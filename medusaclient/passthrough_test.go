package medusaclient

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAnAnswerThatStandsStillForAMinuteBreaksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		received, sent := io.Pipe()
		body := &steadyBody{ReadCloser: received, stop: func(why error) { _ = sent.CloseWithError(why) }}
		piece := make([]byte, 1)
		go func() {
			time.Sleep(59 * time.Second) //nolint:forbidigo // the clock of the bubble
			_, _ = sent.Write(piece)
		}()
		_, err := body.Read(piece)
		require.NoError(t, err)

		time.Sleep(time.Hour) //nolint:forbidigo // the clock of the bubble, and who reads takes his time
		began := time.Now()
		_, err = body.Read(piece)
		require.ErrorIs(t, err, errStalled)
		require.Equal(t, time.Minute, time.Since(began))
		require.NoError(t, body.Close())
	})
}
