// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import KreisLocal
import Synchronization

/// Records of a town that are edited over the socket of its daemon, one field at a time, in turn: what
/// an edit takes grows with the history of its record, and nobody edits one a thousand times.
final class EditingClient {
  private let socket: String
  let ids: [String]
  private var count = 0

  /// Creates the records.
  ///
  /// - Throws: `CommandError`, `BenchFailure`.
  init(_ state: String, records: Int = 1) throws {
    let socket = state + "/kreisnetz.sock"
    self.socket = socket
    ids = try (0..<records).map { number in
      var found: String?
      let name = try Self.change("name=Kita Löwenzahn \(number)")
      try Self.send(LocalRequest("add", ["kind": "organization", "changes": name]), to: socket) {
        row in if case .string(let text)? = row["id"] { found = text }
      }
      guard let found else { throw BenchFailure("The record was not created.") }
      return found
    }
  }

  /// Returns when the edit is durable here.
  ///
  /// - Returns: which record it was.
  /// - Throws: `CommandError`, `BenchFailure`.
  func edit() throws -> String {
    let id = ids[count % ids.count]
    count += 1
    let change = try Self.change("phone=0221 4710-\(100_000 + count)")
    try Self.send(LocalRequest("edit", ["id": .string(id), "changes": change]), to: socket)
    return id
  }

  private static func change(_ argument: String) throws -> JSONValue {
    .array([try FieldChange(argument: argument, file: { _ in "" }).json])
  }

  private static func send(
    _ request: LocalRequest, to socket: String, row: (JSONValue) -> Void = { _ in }
  ) throws {
    guard let client = try LocalClient.connect(to: socket) else {
      throw BenchFailure("No daemon listens at \(socket).")
    }
    let outcome = try client.run(request) { reply in if case .row(let value) = reply { row(value) }
    }
    guard outcome == .done else { throw BenchFailure("\(request.command) ended with \(outcome)") }
  }
}

/// Listens on a town's socket for what changes there, on a thread of its own.
final class Watcher: Sendable {
  struct Event {
    let record: String
    /// When the commit was durable, in milliseconds since 1970.
    let time: Double
    /// When this process heard of it.
    let arrival: Double
  }

  private let events = Mutex<[Event]>([])
  private let signal = DispatchSemaphore(value: 0)

  /// Returns when every later change will be seen.
  init(_ state: String) {
    let socket = state + "/kreisnetz.sock"
    let started = DispatchSemaphore(value: 0)
    Thread.detachNewThread { [self] in
      let client = try? LocalClient.connect(to: socket)
      // It ends with the daemon.
      _ = try? client?.run(LocalRequest("watch")) { reply in
        guard case .row(let row) = reply else { return }
        if row["watching"] != nil { started.signal() }
        guard case .string(let id)? = row["id"], let time = row.double("time") else { return }
        events.withLock { $0.append(Event(record: id, time: time, arrival: monotonicSeconds())) }
        signal.signal()
      }
      started.signal()
    }
    started.wait()
  }

  /// The next change of whatever record.
  ///
  /// - Throws: `BenchFailure` if none comes within a minute.
  func next() throws -> Event {
    guard signal.wait(timeout: .now() + 60) == .success else {
      throw BenchFailure("An edit did not arrive in the other town within a minute.")
    }
    return events.withLock { $0.removeFirst() }
  }

  /// The next change of a record.
  ///
  /// - Throws: as `next` does.
  func wait(for record: String) throws -> Event {
    while true {
      let event = try next()
      if event.record == record { return event }
    }
  }
}
