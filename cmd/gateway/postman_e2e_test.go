package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/cannahub/gateway/testdata/clients"
)

const (
	postmanCollection  = "../../testdata/postman/cannahub-gateway.postman_collection.json"
	postmanEnvironment = "../../testdata/postman/cannahub-gateway.postman_environment.json"
)

// operationsOf are the operations that the gateway documents, such as "GET /api/inventory".
func operationsOf(t *testing.T, p *program) []string {
	t.Helper()
	answer := p.get(t, "", "/openapi.json")
	require.Equal(t, 200, answer.status)
	var operations []string
	gjson.Get(answer.text, "paths").ForEach(func(path, item gjson.Result) bool {
		item.ForEach(func(method, operation gjson.Result) bool {
			if operation.Get("operationId").Exists() {
				operations = append(operations, strings.ToUpper(method.String())+" "+path.String())
			}
			return true
		})
		return true
	})
	return operations
}

func TestRealMedusaRunsThePostmanCollection(t *testing.T) {
	const rounds = 2 // it leaves the shop so that it runs again
	tools := clients.Install(t)
	s := newRealShop(t, "WEBHOOK_SECRET="+hookSecret)
	asIn := func(arguments ...string) []string {
		return append([]string{
			"--environment", postmanEnvironment, "--color", "off",
			"--env-var", "baseUrl=" + s.url, "--env-var", "email=" + s.medusa.Email, "--env-var", "password=" + s.medusa.Password,
			"--env-var", "publishableKey=" + s.medusa.PublishableKey, "--env-var", "webhookSecret=" + hookSecret,
		}, arguments...)
	}

	report := filepath.Join(t.TempDir(), "report.json")
	tools.Run(t, ".", nil, "newman", append([]string{"run", postmanCollection}, asIn(
		"--iteration-count", "2", "--reporters", "cli,json", "--reporter-json-export", report)...)...)
	said, err := os.ReadFile(report)
	require.NoError(t, err)
	ran := map[string]int{}
	for _, execution := range gjson.GetBytes(said, "run.executions").Array() {
		var path strings.Builder
		for _, segment := range execution.Get("item.request.url.path").Array() {
			path.WriteString("/")
			if name, is := strings.CutPrefix(segment.String(), ":"); is {
				path.WriteString("{" + name + "}")
			} else {
				path.WriteString(segment.String())
			}
		}
		operation := execution.Get("item.request.method").String() + " " + path.String()
		ran[operation]++
		assert.Greater(t, len(execution.Get("assertions").Array()), 2, "%s: what came back was hardly looked at", operation)
	}
	for _, operation := range operationsOf(t, s.program) {
		switch operation {
		case "GET /ws", "GET /api/inventory/stream": // newman speaks no WebSocket, and the other has no end
			assert.Zero(t, ran[operation], operation)
		case "DELETE /api/locations/{id}": // of one that was made, and of one that was set up
			assert.Equal(t, 2*rounds, ran[operation], operation)
		case "POST /store/carts/{id}/line-items": // newman reports it for the cart that its script makes, too
			assert.Equal(t, 2*rounds, ran[operation], operation)
		default:
			assert.Equal(t, rounds, ran[operation], operation)
		}
	}

	requireNewmanFails(t, tools, asIn("--folder", "Operations", "--reporters", "cli"))
}

// requireNewmanFails asserts that a shape that is not the documented one is noticed.
func requireNewmanFails(t *testing.T, tools *clients.Clients, arguments []string) {
	t.Helper()
	collection, err := os.ReadFile(postmanCollection)
	require.NoError(t, err)
	const health = `\"Health\":{\"additionalProperties\":false,\"properties\":{\"status\":{\"const\":\"ok\"`
	require.Contains(t, string(collection), health)
	spoilt := filepath.Join(t.TempDir(), "spoilt.json")
	require.NoError(t, os.WriteFile(spoilt, []byte(strings.Replace(string(collection), health, strings.Replace(health, "ok", "well", 1), 1)), 0o600))
	newman := filepath.Join(tools.Folder(), "node_modules", ".bin", "newman")
	said, err := exec.CommandContext(context.Background(), newman, append([]string{"run", spoilt}, arguments...)...).CombinedOutput()
	require.Error(t, err, "newman takes any shape: %s", said)
	require.Contains(t, string(said), "The body has its documented shape")
	require.Contains(t, string(said), "should be equal to constant")
}
