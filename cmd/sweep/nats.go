package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"neurosweep/broker"
)

// natsFlags name a NATS server of others.
type natsFlags struct{ url, creds, signingKey string }

func (f *natsFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.url, "nats", "", "use the NATS server at this URL (default: one inside the controller's process)")
	c.Flags().StringVar(&f.creds, "creds", "", "file with the credentials for that server (mode 0600; agents read it, too; only its path is kept)")
	c.Flags().StringVar(&f.signingKey, "nats-signing-key", "", "file with the seed of that server's account, or of its signing key together with --creds: the sweep gets users of its own")
}

// args are the flags again, for another process.
func (f *natsFlags) args() (args []string) {
	for _, flag := range []struct{ name, value string }{{"--nats", f.url}, {"--creds", f.creds}, {"--nats-signing-key", f.signingKey}} {
		if flag.value != "" {
			args = append(args, flag.name, flag.value)
		}
	}
	return args
}

func (f *natsFlags) external() broker.External {
	return broker.External{URL: f.url, Creds: f.creds, SigningKey: f.signingKey}
}

// check refuses a server that cannot be used. Paths become absolute.
func (f *natsFlags) check(ctx context.Context) error {
	if f.url == "" {
		if f.creds != "" || f.signingKey != "" {
			return usage("--creds and --nats-signing-key are for a server that --nats URL names")
		}
		return nil
	}
	for _, path := range []*string{&f.creds, &f.signingKey} {
		if *path == "" {
			continue
		}
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		*path = absolute
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return refuse(broker.Probe(ctx, f.external()))
}
