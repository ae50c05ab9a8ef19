package broker

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// An External is a NATS server of others.
type External struct {
	URL        string
	Creds      string // path of a user's credentials file, which controller and agents use; "": the server wants none
	SigningKey string // path of the seed of an account, or of its signing key, with which users of the sweep are made; "": none are
}

// check refuses what cannot work, before anybody is asked.
func (e External) check() error {
	if u, err := url.Parse(e.URL); err != nil || u.Host == "" {
		return fmt.Errorf("--nats %s: want an address like nats://host:4222 or tls://host:4222", redacted(e.URL))
	}
	if e.Creds != "" {
		if err := CheckCredentials(e.Creds); err != nil {
			return err
		}
	}
	if e.SigningKey != "" {
		_, err := e.signer()
		return err
	}
	return nil
}

// A user is how a client shows who it is: by a key, by a file of credentials, or not at all.
type user struct{ seed, creds string }

// AccessError says that a broker does not let us in, or is not the one that it should be. Trying again does not help.
type AccessError struct {
	URL string // without a password
	Err error  // with what to do
}

func (e *AccessError) Error() string {
	return fmt.Sprintf("connect to the broker at %s: %v", e.URL, e.Err)
}
func (e *AccessError) Unwrap() error { return e.Err }

// Unreachable tells whether nobody has answered at an address, so that trying again may help.
func Unreachable(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, nats.ErrNoServers) || errors.Is(err, nats.ErrTimeout) || errors.Is(err, nats.ErrConnectionClosed)
}

// denied explains why a connection could not be made.
func denied(a Address, u user, err error) error {
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var name x509.HostnameError
	advice := ""
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		advice = "the certificate is not valid now: is the clock of this machine right? Else the sweep's controller makes a new one when it starts again (sweep resume --takeover)"
	case errors.As(err, &unknown), errors.As(err, &name):
		advice = "another server than this sweep's broker answers there: broker.json is old, or belongs to another sweep"
	case expired(err):
		advice = "the credentials have expired: ask for new ones, and go on with sweep resume --nats URL --creds FILE"
	case errors.Is(err, nats.ErrAuthRevoked):
		advice = "the credentials were revoked: ask for new ones, and go on with sweep resume --nats URL --creds FILE"
	case errors.Is(err, nats.ErrAuthorization) && u.creds != "":
		advice = fmt.Sprintf("the server does not accept the credentials in %s: they were revoked, or are of another server or account; ask for new ones, and go on with sweep resume --nats URL --creds FILE", u.creds)
	case errors.Is(err, nats.ErrAuthorization) && u.seed != "":
		advice = "the server does not know this sweep's key: broker.json is old, or keys and server are of different sweeps"
	case errors.Is(err, nats.ErrAuthorization):
		advice = "the server wants credentials: give them with --creds FILE"
	default:
		return fmt.Errorf("connect to the broker at %s: %w", a.where(), err)
	}
	return &AccessError{a.where(), fmt.Errorf("%w: %s", err, advice)}
}

// expired tells whether a server has said that credentials are over. While a connection is being made, nats.go passes on the server's words as they are.
func expired(err error) bool {
	return errors.Is(err, nats.ErrAuthExpired) || errors.Is(err, nats.ErrAccountAuthExpired) ||
		strings.Contains(strings.ToLower(err.Error()), nats.AUTHENTICATION_EXPIRED_ERR)
}

// CheckCredentials refuses a file of NATS credentials that cannot be read, that others can read, that holds none, or that has expired.
func CheckCredentials(path string) error {
	text, err := secretFile(path)
	if err != nil {
		return fmt.Errorf("the NATS credentials: %w", err)
	}
	token, err := jwt.ParseDecoratedJWT(text)
	if err == nil {
		_, err = jwt.ParseDecoratedUserNKey(text)
	}
	var claims *jwt.UserClaims
	if err == nil {
		claims, err = jwt.DecodeUserClaims(token)
	}
	if err != nil {
		return fmt.Errorf("the NATS credentials in %s: %w: want the file that nsc generate creds writes", path, err)
	}
	if expires := claims.Expires; expires != 0 && time.Now().Unix() >= expires {
		return fmt.Errorf("the NATS credentials in %s: they have expired on %s; ask for new ones, and go on with sweep resume --nats URL --creds FILE",
			path, time.Unix(expires, 0).Format(time.DateTime))
	}
	return nil
}

// secretFile reads a file that nobody but its owner may read.
func secretFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%w: name a file that you can read", err)
	}
	if mode := info.Mode(); !mode.IsRegular() {
		return nil, fmt.Errorf("%s is not a file", path)
	} else if mode.Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others (mode %04o): chmod 600 %[1]s", path, mode.Perm())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: it must be yours, with mode 0600", err)
	}
	return text, nil
}

// where is an address for people: without passwords.
func (a Address) where() string {
	urls := make([]string, len(a.URLs))
	for i, u := range a.URLs {
		urls[i] = redacted(u)
	}
	return strings.Join(urls, ",")
}

// signer reads the key that signs users.
func (e External) signer() (nkeys.KeyPair, error) {
	text, err := secretFile(e.SigningKey)
	if err != nil {
		return nil, fmt.Errorf("the signing key: %w", err)
	}
	pair, err := nkeys.FromSeed([]byte(strings.TrimSpace(string(text))))
	if err == nil {
		var public string
		if public, err = pair.PublicKey(); err == nil && !nkeys.IsValidPublicAccountKey(public) {
			err = errors.New("it is the key of no account")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the signing key in %s: %w: want the seed of an account or of its signing key, one line that begins with SA", e.SigningKey, err)
	}
	return pair, nil
}
