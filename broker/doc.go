// Package broker carries messages between the controller of a sweep and its agents, over NATS.
//
// Usually the server is inside the controller's process (Start), on a random port of the loopback interface, with JetStream in memory: losing it loses nothing,
// for what counts is in the controller's log and the agents' spools. Its users are of this one sweep: the controller, and the agents, which
// may ask, report, hear their own control subject, and talk as ranks, and nothing else. The keys lie in the sweep's folder, readable by its owner alone (Prepare).
// Agents find the server through broker.json there (Address), and read it again whenever a connection fails.
//
// Hub is the controller's end: requests to answer, reports in the order of each agent's numbers, control messages to single agents. Link is an agent's.
// A Link does not reconnect by itself: an agent that lost its controller looks for the next one in broker.json.
//
// Comm is a communicator in the manner of MPI, for processes that work together: Join brings the ranks of a Group together, Split makes smaller groups, and
// sends and collective calls go from rank to rank through the same server, on subjects of their own. The bits of a reduction depend on nothing but the ranks' numbers. Under it lies a small
// transport (comm_peer.go, comm_endpoint.go): what a rank sends to another is numbered, kept until it has arrived, sent again if a connection broke meanwhile, and no more
// than a window is ever on its way. comm_watch.go finds the dead: by heartbeats, and by what their agents say (Link.RankExited). Messages between ranks are binary (comm_wire.go).
//
// message.go has the messages, which are versioned JSON, of everything else.
package broker
