package broker

import (
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"neurosweep/sweep/durable"
)

// mintedFor is how long a sweep's own users on a server of others are valid; each controller makes them anew.
const mintedFor = 366 * 24 * time.Hour

// Names of the minted users' files, under control.
const (
	controllerCreds = "controller.creds"
	agentCreds      = "agent.creds"
)

// mint makes the two users of a sweep on a server of others, with what each needs and nothing else. Their credentials lie under control, readable by their owner alone.
func (e External) mint(dir string, id Identity, now time.Time) error {
	signer, err := e.signer()
	if err != nil {
		return err
	}
	account, err := e.account(signer)
	if err != nil {
		return err
	}
	for _, u := range []struct {
		file, name, seed string
		may              jwt.Permissions
	}{
		{controllerCreds, "controller", id.Controller, controllerPermissions(id.ID)},
		{agentCreds, "agent", id.Agent, agentPermissions(id.ID)},
	} {
		public, err := publicKey(u.seed)
		if err != nil {
			return err
		}
		claims := jwt.NewUserClaims(public)
		claims.Name = "neurosweep " + u.name + " " + id.ID
		claims.IssuerAccount = account
		claims.Expires = now.Add(mintedFor).Unix()
		claims.Permissions = u.may
		token, err := claims.Encode(signer)
		if err != nil {
			return fmt.Errorf("make the sweep's users: %w", err)
		}
		text, err := jwt.FormatUserConfig(token, []byte(u.seed))
		if err != nil {
			return fmt.Errorf("make the sweep's users: %w", err)
		}
		if err := durable.Write(controlPath(dir, u.file), text, 0o600); err != nil {
			return fmt.Errorf("make the sweep's users: %w", err)
		}
	}
	return nil
}

// account is the account that signing keys belong to: that of the credentials, where there are any; "": the key is the account's own.
func (e External) account(signer nkeys.KeyPair) (string, error) {
	if e.Creds == "" {
		return "", nil
	}
	text, err := secretFile(e.Creds)
	if err != nil {
		return "", err
	}
	token, err := jwt.ParseDecoratedJWT(text)
	if err != nil {
		return "", err
	}
	claims, err := jwt.DecodeUserClaims(token)
	if err != nil {
		return "", err
	}
	public, err := signer.PublicKey()
	if err != nil {
		return "", err
	}
	account := claims.Issuer
	if claims.IssuerAccount != "" {
		account = claims.IssuerAccount
	}
	if account == public {
		return "", nil // the account's own key
	}
	if !nkeys.IsValidPublicAccountKey(account) {
		return "", errors.New("the credentials are of no account")
	}
	return account, nil
}

// agentPermissions are what an agent of a sweep may do, on whichever server.
func agentPermissions(id string) jwt.Permissions {
	var p jwt.Permissions
	p.Pub.Allow.Add(AskSubject(id), ReportSubject(id, "*"), CommSubject(id, "*", "*"))
	p.Sub.Allow.Add(ControlSubject(id, "*"), CommSubject(id, "*", "*"), inbox(id, "*")+".>")
	return p
}

// controllerPermissions are what the controller may do on a server of others: its stream and consumer, and what agents hear.
func controllerPermissions(id string) jwt.Permissions {
	var p jwt.Permissions
	stream := streamName(id)
	p.Pub.Allow.Add(
		"$JS.API.INFO", "$JS.API.STREAM.*."+stream, "$JS.API.CONSUMER.*."+stream+".>", "$JS.API.CONSUMER.MSG.NEXT."+stream+"."+consumerName, "$JS.API.CONSUMER.DURABLE.CREATE."+stream+"."+consumerName,
		"$JS.ACK."+stream+".>", "$JS.ACK.*.*."+stream+".>",
		ControlSubject(id, "*"), inbox(id, "*")+".>", CommSubject(id, "*", "*"))
	p.Sub.Allow.Add(AskSubject(id), controllerInbox(id)+".>", CommSubject(id, "*", "*"))
	return p
}
