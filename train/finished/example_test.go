package finished_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"textgan/train"
	"textgan/train/finished"
	"textgan/train/rundir"
)

// trained makes a small run, as "textgan train" does, and returns its directory.
func trained(parent string) (string, error) {
	c := train.Options.Defaults()
	c.Model, c.CorpusLines, c.MLESteps, c.EvalSamples = "mle", 500, 30, 20
	dir := filepath.Join(parent, "run")
	t, w, err := train.Start(c, dir, nil, rundir.Start{})
	if err != nil {
		return "", err
	}
	if err := t.Run(context.Background(), train.Watcher{}); err != nil {
		return "", err
	}
	return dir, w.Close()
}

// serve answers GET /?prompt=... with a sentence, word by word as they are drawn.
// Requests may come at the same time; one that is given up stops its sentence.
func serve(m *finished.Model) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o := finished.Options{Prompts: []string{r.FormValue("prompt")}, TopP: 0.95}
		begun := false
		for token, err := range m.Sample(r.Context(), o) {
			switch {
			case err != nil && begun: // the client has gone
				return
			case err != nil:
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			begun = true
			io.WriteString(w, token.Text)
			http.NewResponseController(w).Flush()
		}
		io.WriteString(w, "\n")
	})
}

// A service of thirty lines: it imports no training graph.
func Example_service() {
	parent, err := os.MkdirTemp("", "textgan")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(parent)
	dir, err := trained(parent)
	if err != nil {
		fmt.Println(err)
		return
	}

	m, err := finished.Open(os.DirFS(dir)) // or finished.Read of an embedded file
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(serve(m)) // or http.ListenAndServe(":8080", serve(m))
	defer server.Close()

	for _, prompt := range []string{"the+dog", "zyzzyva"} {
		answer, err := http.Get(server.URL + "/?prompt=" + prompt)
		if err != nil {
			fmt.Println(err)
			return
		}
		text, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		fmt.Println(answer.StatusCode, strings.HasPrefix(string(text), "the dog"))
	}
	// Output:
	// 200 true
	// 400 false
}

// Sentences of several prompts, whole.
func ExampleModel_Lines() {
	parent, err := os.MkdirTemp("", "textgan")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(parent)
	dir, err := trained(parent)
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := finished.Open(os.DirFS(dir), rundir.Best)
	if err != nil {
		fmt.Println(err)
		return
	}
	lines, err := m.Lines(context.Background(), finished.Options{N: 2, Prompts: []string{"the", "a dog"}, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, line := range lines {
		fmt.Println(i/2, strings.HasPrefix(line, "the") || strings.HasPrefix(line, "a dog"))
	}
	// Output:
	// 0 true
	// 0 true
	// 1 true
	// 1 true
}
