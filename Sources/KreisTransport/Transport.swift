// SPDX-License-Identifier: EUPL-1.2

/// How requests reach a hub: over the network, or in a simulation.
package protocol Transport: Sendable {
  /// Sends one request and returns its whole answer, whatever its status.
  ///
  /// Cancelling the task ends the transfer with `TransportError.cancelled`.
  func send(_ request: ClientRequest) async throws(TransportError) -> ClientResponse

  /// Sends one request and returns as soon as the answer's header fields are there.
  ///
  /// Cancelling the task ends the transfer with `TransportError.cancelled`.
  func open(_ request: ClientRequest) async throws(TransportError) -> StreamingResponse
}

/// A request, relative to the hub that the transport talks to.
package struct ClientRequest: Sendable {
  /// The methods of the hub's protocol.
  package enum Method: String, Sendable {
    case get = "GET"
    case post = "POST"
  }

  package var method: Method
  /// Path and query as they go on the wire: visible ASCII, starting with "/", nothing normalised.
  package var path: String
  package var fields: HeaderFields
  /// The content of a POST; a GET has none.
  package var body: [UInt8]
  /// The largest content of the answer that `send` accepts, in bytes. Streams have no such limit:
  /// their reader takes what it can use and stops reading.
  package var maximumResponseBytes: Int
  package var deadlines: Deadlines
  /// Whether the answer to `open` ends by itself: then it shares the connection that `send` uses, where
  /// others get one of their own, with a handshake of its own.
  package var isFinite = false

  /// Makes a request that accepts up to 8 MiB and has the usual deadlines, unless told otherwise.
  package init(
    _ method: Method, _ path: String, fields: HeaderFields = [:], body: [UInt8] = [],
    maximumResponseBytes: Int = 8 << 20, deadlines: Deadlines = Deadlines()
  ) {
    self.method = method
    self.path = path
    self.fields = fields
    self.body = body
    self.maximumResponseBytes = maximumResponseBytes
    self.deadlines = deadlines
  }
}

/// How long a request may take before it is given up.
package struct Deadlines: Sendable, Equatable {
  /// Until the connection stands: names looked up, proxy passed, TLS agreed.
  package var connect: Duration
  /// Without a single byte in either direction. Time in which the reader of a stream does not ask
  /// for more does not count.
  package var idle: Duration?
  /// For the whole call, or nil for no limit.
  package var whole: Duration?

  /// Makes deadlines; an `idle` of nil means 30 s for `send` and 50 s for `open`, because a hub
  /// sends a heartbeat every 20 s.
  package init(connect: Duration = .seconds(10), idle: Duration? = nil, whole: Duration? = nil) {
    self.connect = connect
    self.idle = idle
    self.whole = whole
  }
}

/// A complete answer.
package struct ClientResponse: Sendable {
  package var status: Int
  package var fields: HeaderFields
  package var body: [UInt8]

  package init(status: Int, fields: HeaderFields = [:], body: [UInt8] = []) {
    self.status = status
    self.fields = fields
    self.body = body
  }
}

/// Header fields in the order of the wire; names are looked up without regard to case (RFC 9110,
/// section 5.1).
package struct HeaderFields: Sendable, ExpressibleByDictionaryLiteral {
  package private(set) var all: [(name: String, value: String)]

  package init(_ all: [(name: String, value: String)] = []) {
    self.all = all
  }

  package init(dictionaryLiteral elements: (String, String)...) {
    all = elements.map { (name: $0.0, value: $0.1) }
  }

  /// Adds a field after the others, also when the name is there already.
  package mutating func append(_ name: String, _ value: String) {
    all.append((name: name, value: value))
  }

  /// The value of the first field of that name.
  package subscript(name: String) -> String? {
    all.first { Self.equal($0.name, name) }?.value
  }

  private static func equal(_ one: String, _ other: String) -> Bool {
    one.utf8.count == other.utf8.count
      && zip(one.utf8, other.utf8).allSatisfy { lowercase($0) == lowercase($1) }
  }

  private static func lowercase(_ byte: UInt8) -> UInt8 {
    UInt8(ascii: "A") <= byte && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
  }
}
