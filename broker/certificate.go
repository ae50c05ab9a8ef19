package broker

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"time"

	"neurosweep/sweep/durable"
)

// certificateFile, under control, holds the broker's certificate and its key, in PEM.
const certificateFile = "broker.pem"

// How long a certificate is valid. It begins a day early, for the clocks of machines differ; one that ends within renewBefore is replaced when a controller starts.
const (
	validBefore = 24 * time.Hour
	validFor    = 2 * 365 * 24 * time.Hour
	renewBefore = 60 * 24 * time.Hour
	tlsTimeout  = 5 * time.Second
)

// certificate is the sweep's own certificate with its key, and the certificate alone as PEM. Its only name is the sweep's id: agents trust this one and no other, whatever
// address they dial. It is made once, and again before it expires. The file is readable by its owner alone.
func certificate(dir, id string, now time.Time) (tls.Certificate, string, error) {
	path := controlPath(dir, certificateFile)
	text, err := os.ReadFile(path)
	if err == nil {
		pair, public, err := parseCertificate(text)
		if err != nil {
			return pair, "", fmt.Errorf("the certificate of the sweep's broker, %s, is damaged: %w; remove the file, and a new one is made", path, err)
		}
		if now.Add(renewBefore).Before(pair.Leaf.NotAfter) {
			return pair, public, nil
		}
		if text, err = makeCertificate(id, now); err == nil {
			err = durable.Write(path, text, 0o600)
		}
		if err != nil {
			return pair, "", fmt.Errorf("renew the certificate of the sweep's broker: %w", err)
		}
		return parseCertificate(text)
	}
	if errors.Is(err, fs.ErrNotExist) {
		if text, err = makeCertificate(id, now); err == nil {
			if err = durable.Publish(path, text, 0o600); errors.Is(err, fs.ErrExist) { // another controller was faster
				text, err = os.ReadFile(path)
			}
		}
	}
	if err != nil {
		return tls.Certificate{}, "", fmt.Errorf("make the certificate of the sweep's broker: %w", err)
	}
	return parseCertificate(text)
}

// makeCertificate is a new key with a certificate that it signs itself (ECDSA, P-256).
func makeCertificate(id string, now time.Time) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	template := x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: id}, DNSNames: []string{id}, NotBefore: now.Add(-validBefore), NotAfter: now.Add(validFor),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...), nil
}

func parseCertificate(text []byte) (tls.Certificate, string, error) {
	pair, err := tls.X509KeyPair(text, text)
	if err != nil {
		return pair, "", err
	}
	var public bytes.Buffer
	err = pem.Encode(&public, &pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})
	return pair, public.String(), err
}

// pinned is the client's side: this certificate, or none.
func pinned(id, certificate string) (*tls.Config, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(certificate)) {
		return nil, errors.New("the broker's certificate in broker.json is damaged")
	}
	return &tls.Config{RootCAs: pool, ServerName: id, MinVersion: tls.VersionTLS13}, nil
}
