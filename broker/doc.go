// Package broker carries messages between the controller of a sweep and its agents, over NATS.
//
// Usually the server is inside the controller's process (Start), on a random port of the loopback interface, with JetStream in memory: losing it loses nothing,
// for what counts is in the controller's log and the agents' spools. Its users are of this one sweep: the controller, and the agents, which
// may ask, report, and hear their own control subject, and nothing else. The keys lie in the sweep's folder, readable by its owner alone (Prepare).
// Agents find the server through broker.json there (Address), and read it again whenever a connection fails.
//
// Hub is the controller's end: requests to answer, reports in the order of each agent's numbers, control messages to single agents. Link is an agent's.
// A Link does not reconnect by itself: an agent that lost its controller looks for the next one in broker.json.
//
// message.go has the messages, which are versioned JSON.
package broker
