package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
)

// authority starts an authorization server that says yes at once to a client with its secret or a device code; $NAME is
// its port. It repeats what it was sent, as bad servers do.
func authority(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: authority NAME")
	}
	mux := http.NewServeMux()
	s := httptest.NewServer(mux)
	ts.Defer(s.Close)
	ts.Setenv(args[0], strconv.Itoa(s.Listener.Addr().(*net.TCPAddr).Port))
	mux.HandleFunc("/device", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"device_code":"device-secret","user_code":"ABCD-EFGH",`+
			`"verification_uri":"%s/go","expires_in":900,"interval":1}`, s.URL)
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, secret, _ := r.BasicAuth()
		if r.PostFormValue("device_code") != "device-secret" && secret != url.QueryEscape("client+secret/~of-test") {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprintf(w, `{"error":"invalid_client","error_description":"no: %s %s %s"}`, secret,
				r.PostFormValue("client_secret"), r.PostForm.Encode())
			return
		}
		fmt.Fprint(w, `{"access_token":"access-secret","refresh_token":"refresh-secret",`+
			`"token_type":"Bearer","expires_in":3600}`)
	})
}
