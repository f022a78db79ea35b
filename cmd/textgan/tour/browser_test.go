package tour

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// browser is a page of a headless Chromium, spoken to by the Chrome DevTools protocol.
type browser struct {
	*testing.T
	ctx     context.Context
	conn    *websocket.Conn
	session string
	id      int
	loaded  int
	errors  []string // that the page has logged or thrown
}

// openBrowser skips the test where there is no Chromium.
func openBrowser(t *testing.T) *browser {
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("there is no chromium in the PATH to look at the page with")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	profile, err := os.MkdirTemp("", "browser")
	require.NoError(t, err)
	cmd := exec.CommandContext(ctx, path, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--remote-debugging-port=0", "--user-data-dir="+profile, "about:blank")
	talk, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
		_ = os.RemoveAll(profile)
	})
	address := ""
	for lines := bufio.NewScanner(talk); address == "" && lines.Scan(); {
		if m := regexp.MustCompile(`DevTools listening on (ws://\S+)`).FindStringSubmatch(lines.Text()); m != nil {
			address = m[1]
		}
	}
	require.NotEmpty(t, address, "chromium did not say where it listens")
	go func() { _, _ = bufio.NewReader(talk).WriteTo(nowhere{}) }()
	conn, _, err := websocket.Dial(ctx, address, nil)
	require.NoError(t, err)
	conn.SetReadLimit(64 << 20)
	b := &browser{T: t, ctx: ctx, conn: conn}
	var target struct{ TargetID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		b.call(domain+".enable", nil, nil)
	}
	return b
}

type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }

type message struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct{ Message string }
}

func (b *browser) read() message {
	b.Helper()
	_, data, err := b.conn.Read(b.ctx)
	require.NoError(b, err)
	var m message
	require.NoError(b, json.Unmarshal(data, &m))
	switch m.Method {
	case "Page.loadEventFired":
		b.loaded++
	case "Runtime.exceptionThrown":
		b.errors = append(b.errors, string(m.Params))
	case "Runtime.consoleAPICalled", "Log.entryAdded":
		b.errors = append(b.errors, string(m.Params)) // the page logs nothing when all is well
	}
	return m
}

// call runs a method of the protocol and waits for what it returns.
func (b *browser) call(method string, params any, result any) {
	b.Helper()
	b.id++
	request := map[string]any{"id": b.id, "method": method}
	if params != nil {
		request["params"] = params
	}
	if b.session != "" {
		request["sessionId"] = b.session
	}
	data, err := json.Marshal(request)
	require.NoError(b, err)
	require.NoError(b, b.conn.Write(b.ctx, websocket.MessageText, data))
	for {
		m := b.read()
		if m.ID != b.id {
			continue
		}
		require.Nil(b, m.Error, method)
		if result != nil {
			require.NoError(b, json.Unmarshal(m.Result, result))
		}
		return
	}
}

// eval returns the value of an expression of the page.
func (b *browser) eval(expression string, value any) {
	b.Helper()
	var out struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &out)
	require.Empty(b, string(out.ExceptionDetails))
	require.NoError(b, json.Unmarshal(out.Result.Value, value), string(out.Result.Value))
}

func (b *browser) open(path string, width int, scheme string) {
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false}, nil)
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
	before := b.loaded
	b.call("Page.navigate", map[string]any{"url": "file://" + filepath.ToSlash(path)}, nil)
	for b.loaded == before {
		b.read()
	}
}

// screenshot writes the whole page to the folder TEXTGAN_SCREENSHOTS, if it is set, for
// people to look at.
func (b *browser) screenshot(name string) {
	dir := os.Getenv("TEXTGAN_SCREENSHOTS")
	if dir == "" {
		return
	}
	var shot struct{ Data string }
	b.call("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true}, &shot)
	png, err := base64.StdEncoding.DecodeString(shot.Data)
	require.NoError(b, err)
	require.NoError(b, os.WriteFile(filepath.Join(dir, name), png, 0o666))
}

// complaints are what a page has wrong that can be seen in one state: text or drawings
// of little contrast (WCAG 2.2 AA: 4.5 and 3), controls without labels, pictures without
// alternatives, headings out of order, width that must be scrolled.
const complaints = `(() => {
	const found = [];
	const colour = text => {
		const m = /rgba?\(([^)]+)\)/.exec(text);
		return m ? m[1].split(",").map(Number) : null;
	};
	const light = c => {
		const f = c.slice(0, 3).map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
		return .2126 * f[0] + .7152 * f[1] + .0722 * f[2];
	};
	const contrast = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + .05) / (y + .05); };
	const behind = e => {
		for (; e; e = e.parentElement) {
			const c = colour(getComputedStyle(e).backgroundColor);
			if (c && (c.length < 4 || c[3] === 1)) return c;
		}
		return [255, 255, 255];
	};
	const need = (e, what, c, least) => {
		const ratio = contrast(c, behind(e));
		if (ratio < least) found.push(what + " " + c + " on " + behind(e) + ": " + ratio.toFixed(2) + " " + (e.textContent || "").slice(0, 30));
	};
	for (const e of document.querySelectorAll("body *")) {
		const style = getComputedStyle(e), svg = e instanceof SVGElement;
		const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
		if (own && !svg && !["SCRIPT", "STYLE"].includes(e.tagName)) need(e, "text", colour(style.color), 4.5);
		if (e.tagName === "text") need(e, "text", colour(style.fill), 4.5);
		if (e.tagName === "path" && !e.classList.length) {
			const c = colour(style.stroke) || colour(style.fill);
			if (c) need(e, "drawing", c, 3);
		}
	}
	for (const e of document.querySelectorAll("input, select")) if (!e.labels.length || !e.labels[0].textContent.trim()) found.push("no label: " + e.id);
	for (const e of document.querySelectorAll("figure > svg")) if (e.getAttribute("role") !== "img" || !e.getAttribute("aria-label") || !(e.querySelector("desc") || {}).textContent) found.push("no alternative: " + e.outerHTML.slice(0, 80));
	const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
	if (new Set(ids).size !== ids.length) found.push("an id is there twice");
	let level = 0;
	for (const e of document.querySelectorAll("h1, h2, h3")) { const l = Number(e.tagName[1]); if (l > level + 1) found.push("heading " + e.textContent); level = l; }
	if (document.documentElement.scrollWidth > innerWidth) found.push("the page is " + document.documentElement.scrollWidth + " wide in " + innerWidth);
	if (document.querySelectorAll("[tabindex]").length) for (const e of document.querySelectorAll("[tabindex]")) if (e.tabIndex > 0) found.push("tab order");
	return found;
})()`

func TestInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	b := openBrowser(t)
	var all []Done
	for _, l := range Lessons {
		all = append(all, results(t, l))
	}
	path := filepath.Join(t.TempDir(), PageFile)
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, WritePage(f, all, Options{Seed: 1}))
	require.NoError(t, f.Close())

	for _, width := range []int{390, 1280} {
		for _, scheme := range []string{"light", "dark"} {
			b.open(path, width, scheme)
			b.screenshot(fmt.Sprintf("tour-%d-%s.png", width, scheme))
			var wrong []string
			b.eval(complaints, &wrong)
			require.Empty(t, wrong, "%d px, %s", width, scheme)
			b.eval(`document.querySelectorAll("details").forEach(d => d.open = true), `+complaints, &wrong)
			require.Empty(t, wrong, "%d px, %s, with the numbers", width, scheme)
		}
	}

	// Every control, by the keyboard and to each of its values: each shows another picture.
	var controls []string
	b.eval(`[...document.querySelectorAll(".control input, .control select")].map(e => e.id)`, &controls)
	want := 0
	for _, d := range all {
		for _, p := range d.Pictures {
			want += len(p.Controls)
		}
	}
	require.Len(t, controls, want)
	for _, id := range controls {
		state := func() (s [3]string) { // what is drawn, what is said, where the control is
			b.eval(fmt.Sprintf(`(() => { const e = document.getElementById(%q), f = e.closest("figure"); return [[...f.querySelectorAll("[data-move]")].map(p => p.getAttribute("d") || p.getAttribute("href") || p.textContent).join(), f.querySelector(".frame").textContent, e.value]; })()`, id), &s)
			return s
		}
		before := state()
		var key string
		b.eval(fmt.Sprintf(`(() => { const e = document.getElementById(%q); e.focus(); return Number(e.value) === (e.max ? Number(e.max) : e.options.length - 1) ? "ArrowLeft" : "ArrowRight"; })()`, id), &key)
		code := map[string]int{"ArrowLeft": 37, "ArrowRight": 39}[key]
		for _, kind := range []string{"rawKeyDown", "keyUp"} {
			b.call("Input.dispatchKeyEvent", map[string]any{"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code}, nil)
		}
		after := state()
		require.NotEqual(t, before[2], after[2], "%s does not hear the keyboard", id)
		require.NotEqual(t, before[0], after[0], "%s moves nothing", id)
		var values int
		b.eval(fmt.Sprintf(`(() => { const e = document.getElementById(%q); return e.max ? Number(e.max) + 1 : e.options.length; })()`, id), &values)
		last := [3]string{}
		for v := range values {
			var done bool
			b.eval(fmt.Sprintf(`(() => { const e = document.getElementById(%q); e.value = %d; e.dispatchEvent(new Event("input")); return true; })()`, id, v), &done)
			now := state()
			require.NotEqual(t, last[0], now[0], "%s at value %d", id, v)
			require.NotEmpty(t, now[1])
			last = now
		}
	}
	require.Empty(t, b.errors)
}
