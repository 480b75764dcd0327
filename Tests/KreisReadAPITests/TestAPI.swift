// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import KreisCore
import KreisInterchange
import KreisPages
import KreisReadAPI
import KreisStore
import Logging
import ServiceLifecycle
import Synchronization

/// A replica whose public part is served on a port of this machine.
final class TestAPI: Sendable {
  let store: Store
  let port: Int
  let clock: Clock
  /// `nil` for one that serves the replica of another.
  private let root: URL?
  private let server: Task<Void, any Error>
  private let services: ServiceGroup

  /// The server's, in seconds since 1970.
  final class Clock: Sendable {
    private let seconds = Mutex<UInt64>(1_800_000_000)
    /// Called with each look at it.
    let onLook = Mutex<(@Sendable () -> Void)?>(nil)

    func set(_ time: UInt64) { seconds.withLock { $0 = time } }
    func look() -> UInt64 {
      onLook.withLock { $0 }?()
      return seconds.withLock { $0 }
    }
  }

  /// - Parameters:
  ///   - pages: whether there are pages for families.
  ///   - publicURL: the address as clients have it.
  convenience init(
    burst: Double = 10_000, pages: PageContact? = nil, publicURL: String? = nil
  ) async throws {
    let root = FileManager.default.temporaryDirectory
      .appendingPathComponent("kn-api-\(UInt32.random(in: 0 ... .max))")
    let directory = try StateDirectory.prepare(root.path)
    let rootKey = SigningKey()
    let key = SigningKey()
    guard let realm = RealmID(VerifyingKey(of: rootKey).bytes), let member = MemberID(0x10_0001)
    else { throw CocoaError(.featureUnsupported) }
    let store = try Store.createHub(
      at: directory.database,
      identity: Identity(
        role: .hub, realm: realm, member: member, generation: 1, name: "hub",
        title: "Märkischer Kreis", ags: "05962", kreis: "Märkischer Kreis",
        hubURL: "https://127.0.0.1:8443", hubPin: nil), key: key,
      certificate: try RootCertificate(
        certifying: VerifyingKey(of: key), of: member, generation: 1, closing: [],
        title: "Märkischer Kreis", ags: "05962", with: rootKey), at: 1_800_000_000,
      random: { .random(in: .min ... .max) })
    try await self.init(
      store, at: root, Clock(), burst: burst, pages: pages, publicURL: publicURL)
  }

  /// Serves the replica of another anew, as after a start.
  convenience init(beside other: TestAPI, pages: PageContact?) async throws {
    try await self.init(
      other.store, at: nil, other.clock, burst: 1_000_000, pages: pages, publicURL: nil)
  }

  private init(
    _ store: Store, at root: URL?, _ clock: Clock, burst: Double, pages: PageContact?,
    publicURL: String?
  ) async throws {
    (self.store, self.root, self.clock) = (store, root, clock)
    let (ports, ready) = AsyncStream<Int>.makeStream()
    var configuration = ReadServerConfiguration(address: "127.0.0.1", port: 0)
    configuration.requestBurst = burst
    configuration.requestsPerSecond = 0.001
    configuration.publicURL = publicURL
    configuration.pages = pages.map { PublicPageConfiguration(contact: $0) }
    let api = try ReadServer(
      store: store, configuration: configuration, now: { clock.look() },
      logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
      onReady: { ready.yield($0) })
    let services = ServiceGroup(
      services: [api], logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    self.services = services
    server = Task { try await services.run() }
    var iterator = ports.makeAsyncIterator()
    port = await iterator.next() ?? 0
  }

  deinit {
    server.cancel()
    if let root { try? FileManager.default.removeItem(at: root) }
  }

  /// Asks the server to stop, and waits until it accepts nothing any more.
  func stop() async {
    await services.triggerGracefulShutdown()
    while await get("/").status != 0 {}
  }

  // MARK: - Records

  /// - Parameter values: `field` or `field@scope`; of sets the elements separated by `|`.
  @discardableResult
  func add(
    _ kindName: String, _ values: KeyValuePairs<String, String>, at time: UInt64 = 1_800_000_000
  ) async throws -> RecordID {
    let kind = try Schema.directory.kind(named: kindName)
    let edits = try Self.edits(kind, values)
    return try await store.write { try $0.create(kind, edits, Occasion(at: time)) }
  }

  func change(_ id: RecordID, _ kindName: String, _ values: KeyValuePairs<String, String>)
    async throws
  {
    let edits = try Self.edits(Schema.directory.kind(named: kindName), values)
    try await store.write { _ = try $0.change(id, edits, Occasion(at: 1_800_000_100)) }
  }

  private static func edits(
    _ kind: RecordKind, _ values: KeyValuePairs<String, String>
  ) throws -> [Edit] {
    try values.map { name, text in
      let parts = name.split(separator: "@")
      let field = try kind.field(named: String(parts[0]))
      let scope = parts.count > 1 ? ScopeKind(rawValue: String(parts[1])) : nil
      guard field.isSet else { return Edit(field, .value(try field.validate(text)), in: scope) }
      return Edit(field, .elements(text.split(separator: "|").map(String.init)), in: scope)
    }
  }

  // MARK: - Requests

  struct Answer {
    let status: Int
    let fields: [String: String]
    let body: [UInt8]

    var json: JSONValue {
      (try? JSONParser.parse(body, limit: 100_000_000)) ?? .null
    }
    var contents: [JSONValue] {
      if case .array(let objects) = json["contents"] { objects } else { [] }
    }
    var text: String { String(decoding: body, as: UTF8.self) }
  }

  func get(_ path: String, method: String = "GET", _ fields: [String: String] = [:]) async -> Answer
  {
    let request =
      "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
      + fields.map { "\($0.key): \($0.value)\r\n" }.joined() + "\r\n"
    let bytes = await withCheckedContinuation { continuation in
      Thread.detachNewThread { [port] in
        continuation.resume(returning: Self.exchange(request, port))
      }
    }
    return Self.answer(bytes)
  }

  private static func exchange(_ request: String, _ port: Int) -> [UInt8] {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port)).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else { return [] }
    let bytes = Array(request.utf8)
    _ = send(descriptor, bytes, bytes.count, 0)
    var out: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { return out }
      out += buffer[..<count]
    }
  }

  private static func answer(_ bytes: [UInt8]) -> Answer {
    let end = bytes.indices.first { bytes[$0...].starts(with: Array("\r\n\r\n".utf8)) } ?? 0
    let head = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
    var fields: [String: String] = [:]
    for line in head.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      if parts.count == 2 {
        fields[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
      }
    }
    let status = head.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return Answer(status: status, fields: fields, body: Array(bytes[min(end + 4, bytes.count)...]))
  }
}
