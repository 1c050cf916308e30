package campaign

import (
	"context"

	"mailshot/campaign/definition"
	"mailshot/campaign/digest"
	"mailshot/campaign/digest/digesttest"
)

// AddLaterKeys makes this build one of a later version, see [digesttest.Later].
func (c *Campaign) AddLaterKeys(given string) {
	c.inputs = func(d *definition.Definition) []digest.Part { return digesttest.Later(digest.Inputs(d), given) }
}

// BeginRun begins a run of a planned campaign, and sends nothing.
func (c *Campaign) BeginRun(ctx context.Context) error {
	s, err := c.openSending(ctx, RunOptions{})
	if err != nil {
		return err
	}
	return s.close()
}

// BeginOne begins the message of one delivery of a planned campaign, and is gone: as a run that is killed.
func (c *Campaign) BeginOne(ctx context.Context) error {
	s, err := c.openSending(ctx, RunOptions{})
	if err != nil {
		return err
	}
	d, err := s.Deliveries.Next(ctx, nil, c.now())
	if err == nil {
		_, err = s.Messages.Message(d)
	}
	if err == nil {
		err = s.Deliveries.Begin(ctx, d)
	}
	if err == nil {
		err = s.Deliveries.Start(ctx, d)
	}
	return err
}
