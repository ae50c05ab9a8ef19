package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	fetchBatch   = 256
	messageBytes = 300
	patience     = time.Minute // for anything that should take a moment
)

// Subjects by which the measuring process and its workers keep time.
const (
	readySubject = "bench.ready"
	goSubject    = "bench.go"
	stopSubject  = "bench.stop"
)

// rawRate is how many messages a second the workers get through; store is where the server keeps messages.
func rawRate(store jetstream.StorageType, messages, workers int) (perSecond float64, err error) {
	dir, err := os.MkdirTemp("", "bench-jetstream-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: dir, NoSigs: true, NoLog: true})
	if err != nil {
		return 0, err
	}
	srv.Start()
	defer srv.WaitForShutdown()
	defer srv.Shutdown()
	if !srv.ReadyForConnections(patience) {
		return 0, errors.New("the embedded server does not become ready")
	}
	nc, err := nats.Connect(srv.ClientURL())
	if err != nil {
		return 0, err
	}
	defer nc.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*patience)
	defer cancel()
	work, results, err := fill(ctx, nc, store, messages)
	if err != nil {
		return 0, err
	}
	perSecond, err = drain(ctx, nc, work, messages, workers, srv.ClientURL())
	if err != nil {
		return 0, err
	}
	info, err := results.Info(ctx)
	if err == nil && info.State.Msgs != uint64(messages) {
		err = fmt.Errorf("the workers published %d results for %d messages", info.State.Msgs, messages)
	}
	return perSecond, err
}

// fill makes the streams and puts the messages into the work queue.
func fill(ctx context.Context, nc *nats.Conn, store jetstream.StorageType, messages int) (work, results jetstream.Stream, err error) {
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(1000))
	if err != nil {
		return nil, nil, err
	}
	work, err = js.CreateStream(ctx, jetstream.StreamConfig{Name: "WORK", Subjects: []string{"work.>"}, Retention: jetstream.WorkQueuePolicy, Storage: store})
	if err != nil {
		return nil, nil, err
	}
	if results, err = js.CreateStream(ctx, jetstream.StreamConfig{Name: "RESULTS", Subjects: []string{"result.>"}, Storage: store}); err != nil {
		return nil, nil, err
	}
	_, err = work.CreateConsumer(ctx, jetstream.ConsumerConfig{Durable: "workers", AckPolicy: jetstream.AckExplicitPolicy, MaxAckPending: 16 * fetchBatch})
	if err != nil {
		return nil, nil, err
	}
	body := make([]byte, messageBytes)
	for i := range messages {
		if _, err := js.PublishAsync("work."+strconv.Itoa(i), body); err != nil {
			return nil, nil, err
		}
	}
	select {
	case <-js.PublishAsyncComplete():
		return work, results, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

// drain starts the workers, lets them go together, and times them until the queue is empty.
func drain(ctx context.Context, nc *nats.Conn, work jetstream.Stream, messages, workers int, url string) (perSecond float64, err error) {
	ready, err := nc.SubscribeSync(readySubject)
	if err != nil {
		return 0, err
	}
	if err := nc.Flush(); err != nil {
		return 0, err
	}
	var processes []*exec.Cmd
	defer func() {
		err = errors.Join(err, nc.Publish(stopSubject, nil), nc.Flush())
		for _, p := range processes {
			err = errors.Join(err, p.Wait())
		}
	}()
	for range workers {
		p := exec.CommandContext(ctx, os.Args[0], "-worker", url)
		p.Stderr = os.Stderr
		if err := p.Start(); err != nil {
			return 0, err
		}
		processes = append(processes, p)
	}
	for range processes {
		if _, err := ready.NextMsg(patience); err != nil {
			return 0, fmt.Errorf("wait for a worker: %w", err)
		}
	}
	start := time.Now()
	if err := nc.Publish(goSubject, nil); err != nil {
		return 0, err
	}
	for {
		info, err := work.Info(ctx)
		if err != nil {
			return 0, err
		}
		if info.State.Msgs == 0 {
			return float64(messages) / time.Since(start).Seconds(), nil
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// serve is a worker: it drains the queue of the server at url until it is told to stop.
func serve(url string) error {
	nc, err := nats.Connect(url)
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	consumer, err := js.Consumer(ctx, "WORK", "workers")
	if err != nil {
		return err
	}
	begin, err := nc.SubscribeSync(goSubject)
	if err != nil {
		return err
	}
	if _, err := nc.Subscribe(stopSubject, func(*nats.Msg) { stop() }); err != nil {
		return err
	}
	if err := errors.Join(nc.Flush(), nc.Publish(readySubject, nil)); err != nil {
		return err
	}
	if _, err := begin.NextMsg(patience); err != nil {
		return err
	}
	body := make([]byte, messageBytes)
	for ctx.Err() == nil {
		messages, err := consumer.Fetch(fetchBatch, jetstream.FetchMaxWait(100*time.Millisecond))
		if err != nil {
			return err
		}
		if err := answer(js, messages, body); err != nil {
			return err
		}
	}
	return nil
}

// answer publishes a result for every message of a batch and acknowledges it, and waits until the server has confirmed all of it.
func answer(js jetstream.JetStream, batch jetstream.MessageBatch, body []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var wait sync.WaitGroup
	var mu sync.Mutex
	var all error
	for m := range batch.Messages() {
		wait.Go(func() {
			_, err := js.Publish(ctx, "result."+m.Subject(), body)
			err = errors.Join(err, m.DoubleAck(ctx))
			mu.Lock()
			defer mu.Unlock()
			all = errors.Join(all, err)
		})
	}
	wait.Wait()
	return errors.Join(all, batch.Error())
}
