package reply_test

import (
	"fmt"

	"mailshot/sender/reply"
)

func ExampleClassify() {
	provider := reply.System("smtp.gmail.com")
	for _, answer := range []struct {
		stage    reply.Stage
		code     int
		enhanced string
		text     string
	}{
		{reply.End, 250, "2.0.0", "OK"},
		{reply.Rcpt, 550, "5.1.1", "The email account that you tried to reach does not exist."},
		{reply.Mail, 550, "5.4.5", "Daily user sending limit exceeded."},
		{reply.End, 0, "", ""}, // no whole answer came
	} {
		v := reply.Classify(answer.stage, answer.code, answer.enhanced, answer.text, provider)
		fmt.Printf("%d %s: %s, about %q, hold off %v\n", answer.code, answer.enhanced, v.Class, v.About, v.HoldOff)
	}
	// Output:
	// 250 2.0.0: ok, about "", hold off 0s
	// 550 5.1.1: refuse, about "recipient", hold off 0s
	// 550 5.4.5: hold, about "server", hold off 1h0m0s
	// 0 : unknown, about "message", hold off 0s
}
