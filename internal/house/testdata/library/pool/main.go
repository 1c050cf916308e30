// Command pool sends ready messages through a pool of connections: pool HOST PORT.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"sync"

	"mailshot/sender"
)

func main() {
	port, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	pool, err := sender.New(sender.Config{Host: os.Args[1], Port: port, TLS: "none"})
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	begin := func(context.Context) error { return nil } // where a program writes down that the message may have gone
	var all sync.WaitGroup
	for _, name := range []string{"ann", "bob", "cem"} {
		all.Go(func() {
			text := "From: News <news@acme.example>\r\nTo: " + name + "@example.com\r\nSubject: Hello\r\n\r\nAll is well.\r\n"
			out := pool.Send(context.Background(), sender.Mail{
				From: "news@acme.example", To: name + "@example.com", Body: strings.NewReader(text),
			}, begin)
			fmt.Println(name, out.Class)
		})
	}
	all.Wait()
}
