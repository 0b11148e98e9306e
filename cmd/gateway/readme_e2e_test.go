package main

import (
	"os"
	"os/exec"
	"regexp"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/testdata/medusa"
)

// TestRealMedusaReadmeCommands runs what the README says to do in front of one's
// own Medusa: the settings, with this Medusa's in place of the example's, the
// check and the program.
func TestRealMedusaReadmeCommands(t *testing.T) {
	m := medusa.Start(t)
	commands := readmeBlocks(t, "sh", "export MEDUSA_URL=")[0].text
	for name, value := range map[string]string{"MEDUSA_URL": m.URL, "MEDUSA_EMAIL": m.Email, "MEDUSA_PASSWORD": m.Password} {
		example := regexp.MustCompile(`(?m)^export ` + name + `=.*$`)
		require.Regexp(t, example, commands)
		commands = example.ReplaceAllLiteralString(commands, "export "+name+"='"+value+"'")
	}

	database, _ := newSQLite(t)
	said := &buffer{}
	shell := exec.CommandContext(t.Context(), "bash", "-euc", commands)
	shell.Dir = "../.."
	shell.Env = append(os.Environ(), "LISTEN_ADDR=127.0.0.1:0", "OPS_ADDR=127.0.0.1:0", "LC_ALL=C", database)
	shell.Stdout, shell.Stderr = said, said
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the program is the shell's grandchild
	shell.Cancel = func() error { return syscall.Kill(-shell.Process.Pid, syscall.SIGKILL) }
	require.NoError(t, shell.Start())
	ended := make(chan error, 1)
	go func() { ended <- shell.Wait() }()
	require.Eventually(t, func() bool { return listens.MatchString(said.String()) || len(ended) > 0 }, 15*patience, patience/1000, "what go run says: %s", said) // it builds first
	require.Regexp(t, listens, said.String(), "the program does not listen")
	require.NoError(t, syscall.Kill(-shell.Process.Pid, syscall.SIGTERM))
	<-ended
	require.Contains(t, said.String(), "ok    Medusa answers at "+m.URL)
	require.NotContains(t, said.String(), "FAIL")
}
