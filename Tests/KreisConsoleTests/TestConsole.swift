// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import Glibc
import KreisConsole
import KreisCore
import KreisInterchange
import KreisLocal
import KreisStore
import Logging
import ServiceLifecycle
import Synchronization

/// A replica whose console listens on a port of this machine.
final class TestConsole: Sendable {
  let store: Store
  let executor: CommandExecutor
  let port: Int
  let root: URL
  let clock: Clock
  private let server: Task<Void, any Error>
  private let services: ServiceGroup
  private let isOwner: Bool

  /// The console of a new replica.
  ///
  /// - Parameters:
  ///   - daemon: what a running daemon would know.
  ///   - handlers: commands besides those of every replica.
  convenience init(
    kreis: String = "Märkischer Kreis", signIn: ConsoleSignIn = .none, address: String? = nil,
    daemon: DaemonView? = nil, handlers: [String: CommandHandler] = [:]
  ) async throws {
    let root = FileManager.default.temporaryDirectory
      .appendingPathComponent("kn-console-\(UInt32.random(in: 0 ... .max))")
    let directory = try StateDirectory.prepare(root.path)
    let rootKey = SigningKey()
    let key = SigningKey()
    guard let realm = RealmID(VerifyingKey(of: rootKey).bytes), let member = MemberID(0x10_0001)
    else { throw CocoaError(.featureUnsupported) }
    let store = try Store.createHub(
      at: directory.database,
      identity: Identity(
        role: .hub, realm: realm, member: member, generation: 1, name: "hub",
        title: kreis, ags: "05962", kreis: kreis, hubURL: "https://127.0.0.1:8443", hubPin: nil),
      key: key,
      certificate: try RootCertificate(
        certifying: VerifyingKey(of: key), of: member, generation: 1, closing: [], title: kreis,
        ags: "05962", with: rootKey), at: 1_795_000_000, random: { .random(in: .min ... .max) })
    let clock = Clock()
    let executor = CommandExecutor(
      store: store, spool: directory.path, now: clock.now, daemon: daemon, handlers: handlers)
    try await self.init(store, executor, root, clock, signIn, address, isOwner: true)
  }

  /// A console that starts anew on the replica of another one.
  convenience init(
    restarting other: TestConsole, signIn: ConsoleSignIn, address: String? = nil
  ) async throws {
    try await self.init(
      other.store, other.executor, other.root, other.clock, signIn, address, isOwner: false)
  }

  private init(
    _ store: Store, _ executor: CommandExecutor, _ root: URL, _ clock: Clock,
    _ signIn: ConsoleSignIn, _ address: String?, isOwner: Bool
  ) async throws {
    (self.store, self.executor, self.root, self.clock) = (store, executor, root, clock)
    self.isOwner = isOwner
    var configuration = ConsoleConfiguration(.loopback("127.0.0.1", port: 0))
    configuration.signIn = signIn
    configuration.address = address
    let (ports, ready) = AsyncStream<Int>.makeStream()
    let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    let console = try ConsoleServer(
      executor: executor, directory: try StateDirectory.open(root.path),
      configuration: configuration, now: clock.now, logger: logger, onReady: { ready.yield($0) })
    let services = ServiceGroup(services: [console], logger: logger)
    self.services = services
    server = Task { try await services.run() }
    var iterator = ports.makeAsyncIterator()
    port = await iterator.next() ?? 0
  }

  deinit {
    server.cancel()
    if isOwner { try? FileManager.default.removeItem(at: root) }
  }

  /// Each look is a second later.
  final class Clock: Sendable {
    private let seconds = Mutex<UInt64>(1_795_000_000)

    func now() -> UInt64 {
      seconds.withLock { seconds in
        seconds += 1
        return seconds
      }
    }

    func advance(by more: UInt64) { seconds.withLock { $0 += more } }
  }

  /// Ends the server and waits until it has ended.
  func stop() async throws {
    await services.triggerGracefulShutdown()
    try await server.value
  }

  // MARK: - Commands

  @discardableResult
  func run(
    _ command: String, _ arguments: JSONValue, reason: String = ""
  ) async throws -> [JSONValue] {
    try await onOwnThread { [executor] in
      let answer = Mutex<(rows: [JSONValue], failure: CommandError?)>(([], nil))
      executor.run(
        LocalCall(
          LocalRequest(command, arguments, reason: reason),
          reply: { reply in
            answer.withLock { answer in
              switch reply {
              case .row(let row): answer.rows.append(row)
              case .failure(let error): answer.failure = error
              default: break
              }
            }
          }))
      if let failure = answer.withLock({ $0.failure }) { throw failure }
      return answer.withLock { $0.rows }
    }
  }

  /// - Returns: the id of the new record.
  @discardableResult
  func add(_ kind: String, _ values: KeyValuePairs<String, String>) async throws -> String {
    let changes = try values.map { name, value in
      try FieldChange(argument: "\(name)=\(value)", file: { $0 }).json
    }
    let rows = try await run(
      "add", ["kind": .string(kind), "changes": .array(changes), "publish": .bool(true)])
    return rows.first?["id"]?.text ?? ""
  }

  /// Brings a public field of an organization into conflict: as if the hub had a second hand, which did
  /// not see what the first wrote.
  func disagree(_ id: String, _ field: String, _ value: String) async throws {
    let kind = try Schema.directory.kind(named: "organization")
    let write = Write(register: Register(tag: try kind.field(named: field).tag), content: .value)
    guard let record = RecordID(text: id) else { throw CocoaError(.coderInvalidValue) }
    try await onOwnThread { [store] in
      try store.blockingWrite { transaction in
        _ = try transaction.append(
          EntryBody(
            recordedAt: 1_795_000_000, kind: .write, recordKind: kind.tag, record: record,
            writes: [write]), values: Values(values: [value]), to: .public)
      }
    }
  }

  // MARK: - Requests

  struct Answer: Sendable {
    let status: Int
    let fields: [String: String]
    let body: [UInt8]
    /// What it has the browser keep, by name: the value and the rest.
    let cookies: [String: (value: String, rest: String)]

    var text: String { String(decoding: body, as: UTF8.self) }
    /// The token of the page's forms.
    var token: String {
      text.firstMatch(of: /name="token" value="([0-9a-f]{64})"/).map { String($0.1) } ?? ""
    }
  }

  func get(_ path: String, _ fields: [String: String] = [:], method: String = "GET") async -> Answer
  {
    await send(method, path, fields.merging(["Host": "127.0.0.1:\(port)"]) { own, _ in own }, "")
  }

  /// Listens as an open page does, until the console ends it.
  ///
  /// - Parameter onSeen: called once, when all of `texts` came.
  func listen(for texts: String..., onSeen: @escaping @Sendable () -> Void) async -> Answer {
    let request =
      "GET /ereignisse HTTP/1.1\r\nConnection: close\r\nHost: 127.0.0.1:\(port)\r\n\r\n"
    let bytes = await onOwnThread { [port] in
      Self.exchange(request, port, awaiting: texts.map { Data($0.utf8) }, onSeen: onSeen)
    }
    return Self.answer(bytes)
  }

  /// Sends a form as the browser does that was given `token`.
  func post(
    _ path: String, token: String, _ values: [(String, String)], _ fields: [String: String?] = [:]
  ) async -> Answer {
    let encode = { (text: String) in
      text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }
    let body = ([("token", token)] + values).map { "\(encode($0.0))=\(encode($0.1))" }
      .joined(separator: "&")
    var sent: [String: String?] = [
      "Host": "127.0.0.1:\(port)", "Origin": "http://127.0.0.1:\(port)",
      "Cookie": "kreisnetz_formular=\(token)",
      "Content-Type": "application/x-www-form-urlencoded",
    ]
    for (name, value) in fields { sent[name] = value }
    return await send("POST", path, sent.compactMapValues { $0 }, body)
  }

  /// - Parameter source: the address to come from.
  func send(
    _ method: String, _ path: String, _ fields: [String: String], _ body: String,
    from source: String = "127.0.0.1"
  ) async -> Answer {
    let request =
      "\(method) \(path) HTTP/1.1\r\nConnection: close\r\n"
      + fields.map { "\($0.key): \($0.value)\r\n" }.joined()
      + (body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n") + "\r\n" + body
    let bytes = await onOwnThread { [port] in Self.exchange(request, port, from: source) }
    return Self.answer(bytes)
  }

  private static func exchange(
    _ request: String, _ port: Int, from source: String = "127.0.0.1", awaiting texts: [Data] = [],
    onSeen: () -> Void = {}
  ) -> [UInt8] {
    var isSeen = texts.isEmpty
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr(source)
    withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    address.sin_port = in_port_t(UInt16(port)).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else { return [] }
    var rest = Array(request.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { break }
      rest = rest.dropFirst(count)
    }
    var out: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { return out }
      out += buffer[..<count]
      guard !isSeen, texts.allSatisfy({ Data(out).range(of: $0) != nil }) else { continue }
      isSeen = true
      onSeen()
    }
  }

  private static func answer(_ bytes: [UInt8]) -> Answer {
    let data = Data(bytes)
    let end = data.firstRange(of: Data("\r\n\r\n".utf8))?.lowerBound ?? 0
    let head = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
    var fields: [String: String] = [:]
    var cookies: [String: (value: String, rest: String)] = [:]
    for line in head.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      if parts.count == 2, parts[0].lowercased() == "set-cookie" {
        let cookie = parts[1].split(separator: ";", maxSplits: 1).map(String.init)
        let sides = cookie[0].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        cookies[sides[0].trimmingCharacters(in: .whitespaces)] = (
          String(sides[1]), cookie.count > 1 ? cookie[1] : ""
        )
      }
      if parts.count == 2 {
        fields[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
      }
    }
    let status = head.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return Answer(
      status: status, fields: fields, body: Array(bytes[min(end + 4, bytes.count)...]),
      cookies: cookies)
  }
}
