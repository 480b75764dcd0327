// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
import KreisStore
import Synchronization

/// The sessions and known browsers, in memory and in the file `console/sessions.json` of the state
/// directory, so that a restart signs nobody out. The file holds hashes of the cookies.
final class SessionBook: Sendable {
  private struct Content {
    var sessions: [String: Session] = [:]
    var devices: [String: KnownDevice] = [:]
  }

  private static let file = "console/sessions.json"
  /// What is kept; the oldest goes first.
  private static let sessionLimit = 150
  private static let deviceLimit = 150
  /// How exactly the file says when somebody was last seen.
  private static let step: UInt64 = 60

  private let directory: StateDirectory
  private let content: Mutex<Content>
  let times: SessionTimes

  /// - Throws: `StateDirectoryError`.
  init(in directory: StateDirectory, times: SessionTimes) throws {
    (self.directory, self.times) = (directory, times)
    var content = Content()
    // What cannot be read is as if nobody was signed in.
    if let bytes = try directory.readSecret(Self.file),
      let json = try? JSONParser.parse(bytes, limit: 65_536)
    {
      for row in json["sessions"]?.elements ?? [] {
        guard let id = row["id"]?.text, let account = row["account"]?.text,
          let password = row["password"]?.text, let since = row["since"]?.unsigned,
          let seen = row["seen"]?.unsigned
        else { continue }
        content.sessions[id] = Session(
          account: account, password: password, since: since, seen: seen)
      }
      for row in json["devices"]?.elements ?? [] {
        guard let id = row["id"]?.text, let account = row["account"]?.text,
          let seen = row["seen"]?.unsigned
        else { continue }
        content.devices[id] = KnownDevice(account: account, seen: seen)
      }
    }
    self.content = Mutex(content)
  }

  func session(_ secret: BrowserSecret) -> Session? {
    content.withLock { $0.sessions[secret.hash] }
  }

  func session(hash: String) -> Session? { content.withLock { $0.sessions[hash] } }

  func device(_ secret: BrowserSecret) -> KnownDevice? {
    content.withLock { $0.devices[secret.hash] }
  }

  /// Notes that something is done in a session. It does not matter if the disk is full.
  func touch(_ secret: BrowserSecret, at now: UInt64) {
    content.withLock { content in
      guard var session = content.sessions[secret.hash], now >= session.seen + Self.step else {
        return
      }
      session.seen = now
      content.sessions[secret.hash] = session
      try? write(&content, now)
    }
  }

  /// Begins a session, and notes the browser. On a full disk it is forgotten with the daemon's end.
  func begin(
    _ session: Session, _ secret: BrowserSecret, device: BrowserSecret, at now: UInt64
  ) {
    content.withLock { content in
      content.sessions[secret.hash] = session
      content.devices[device.hash] = KnownDevice(account: session.account, seen: now)
      try? write(&content, now)
    }
  }

  /// Ends a session for good.
  ///
  /// - Throws: `StateDirectoryError`: a restart would bring it back.
  func end(_ secret: BrowserSecret, at now: UInt64) throws(StateDirectoryError) {
    try content.withLock { content throws(StateDirectoryError) in
      content.sessions[secret.hash] = nil
      try write(&content, now)
    }
  }

  private func write(_ content: inout Content, _ now: UInt64) throws(StateDirectoryError) {
    content.sessions = content.sessions.filter { $0.value.isFresh(at: now, times) }
    content.devices = content.devices.filter { now < $0.value.seen + KnownDevice.period }
    for old in content.sessions.sorted(by: { $0.value.seen > $1.value.seen })
      .dropFirst(Self.sessionLimit)
    {
      content.sessions[old.key] = nil
    }
    for old in content.devices.sorted(by: { $0.value.seen > $1.value.seen })
      .dropFirst(Self.deviceLimit)
    {
      content.devices[old.key] = nil
    }
    let time = { (seconds: UInt64) in JSONValue.integer(Int(clamping: seconds)) }
    let json: JSONValue = [
      "sessions": .array(
        content.sessions.map { id, session in
          [
            "id": .string(id), "account": .string(session.account),
            "password": .string(session.password), "since": time(session.since),
            "seen": time(session.seen),
          ]
        }),
      "devices": .array(
        content.devices.map { id, device in
          ["id": .string(id), "account": .string(device.account), "seen": time(device.seen)]
        }),
    ]
    try directory.write(JSONWriter.bytes(of: json), to: Self.file)
  }
}
