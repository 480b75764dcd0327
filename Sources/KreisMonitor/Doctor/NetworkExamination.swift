// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
package import KreisService
import KreisStore
package import KreisTransport
import SwiftProtobuf

/// What can be wrong between this machine and its hub. Asks the hub only what it tells anybody.
package struct NetworkExamination {
  private let subject: DoctorSubject
  private let configuration: TownConfiguration?
  private let connect: Connect
  private let now: @Sendable () -> UInt64
  private var findings: [Finding] = []
  private var clock: Int64?

  /// Makes the way to the hub. What the hub states over it is not kept: nothing is changed.
  package typealias Connect =
    @Sendable () throws(TransportError) -> (endpoint: HubEndpoint, transport: any Transport)

  /// Seconds for one connection.
  private static let patience = 5

  /// - Parameters:
  ///   - configuration: of a town: its proxy.
  ///   - now: seconds since 1970.
  package static func findings(
    _ subject: DoctorSubject, _ configuration: TownConfiguration?,
    now: @escaping @Sendable () -> UInt64,
    connect: @escaping Connect
  ) async -> [Finding] {
    var examination = NetworkExamination(subject, configuration, now, connect)
    await examination.run()
    return examination.findings
  }

  private init(
    _ subject: DoctorSubject, _ configuration: TownConfiguration?,
    _ now: @escaping @Sendable () -> UInt64, _ connect: @escaping Connect
  ) {
    (self.subject, self.configuration, self.now) = (subject, configuration, now)
    self.connect = connect
  }

  private mutating func add(
    _ level: Finding.Level, _ test: String, _ text: String, _ advice: String = ""
  ) {
    findings.append(Finding(level, test, text, advice))
  }

  private mutating func run() async {
    guard let parts = URLComponents(string: subject.hubURL), let name = parts.host, !name.isEmpty
    else {
      return add(
        .fail, "address", "\"\(subject.hubURL)\" is no address of a hub", "Use https://HOST.")
    }
    let host = name.hasPrefix("[") ? String(name.dropFirst().dropLast()) : name
    let proxy = ProxyChoice(configuration, host: host)
    guard await checkWay(host, parts.port ?? 443, proxy) else { return }
    await askHub(proxy)
  }

  // MARK: - Names and connections

  /// - Returns: whether it makes sense to ask the hub.
  private mutating func checkWay(_ host: String, _ port: Int, _ proxy: ProxyChoice) async -> Bool {
    guard proxy.url != nil else {
      add(.ok, "proxy", "none: \(proxy.origin). PAC files are not read")
      return await reach(
        host, port, "hub", advice: "Check network and firewall; if a proxy is needed, set it.")
    }
    guard let place = proxy.place else {
      add(.fail, "proxy", "\"\(proxy.shown)\" is no proxy (\(proxy.origin))", "Correct it.")
      return false
    }
    let isThere = await reach(
      place.host, place.port, "proxy",
      advice: "Correct the proxy (\(proxy.origin)), or ask who runs it.")
    if isThere { add(.ok, "proxy", "\(proxy.shown) (\(proxy.origin)) looks names up for us") }
    return isThere
  }

  private mutating func reach(
    _ host: String, _ port: Int, _ what: String, advice: String
  ) async -> Bool {
    let addresses: [String]
    switch await onOwnThread({ SocketProbe.addresses(of: host) }) {
    case .success(let found): addresses = found
    case .failure(let error):
      add(
        .fail, "DNS", "the \(what)'s name \(host) has no address: \(error.text)",
        "Check /etc/resolv.conf and the name; inside a town hall names often resolve only through the "
          + "proxy: set it.")
      return false
    }
    add(.ok, "DNS", "\(host) is \(addresses.joined(separator: ", "))")
    var failures: [String] = []
    for address in addresses {
      let failure = await onOwnThread {
        SocketProbe.connect(to: address, port: port, seconds: Self.patience)
      }
      if let failure { failures.append("\(address): \(failure)") }
    }
    let text = failures.joined(separator: "; ")
    if failures.count == addresses.count {
      add(.fail, "connection", "the \(what) does not answer at port \(port): \(text)", advice)
      return false
    }
    if failures.isEmpty {
      add(.ok, "connection", "the \(what) takes connections at port \(port)")
    } else {
      add(
        .warn, "connection", "the \(what) answers at some addresses only: \(text)",
        "Have the others corrected or taken out of the DNS.")
    }
    return true
  }

  // MARK: - The hub

  private mutating func askHub(_ proxy: ProxyChoice) async {
    let endpoint: HubEndpoint
    let transport: any Transport
    do throws(TransportError) { (endpoint, transport) = try connect() } catch {
      return add(.fail, "settings", error.description)
    }
    let before = now()
    let answer: ClientResponse
    do throws(TransportError) {
      answer = try await transport.send(
        ClientRequest(
          .get, "/readyz", maximumResponseBytes: 65_536, deadlines: Deadlines(whole: .seconds(20))))
    } catch { return await explain(error, endpoint) }
    let after = now()
    addTrust()
    guard judge(answer) else { return }
    judgeClock(answer.fields["date"], before, after)
    if subject.realm != nil { await checkNotice(transport) }
  }

  private mutating func addTrust() {
    if subject.pin != nil {
      add(.ok, "pin", "the hub has the TLS key that the invite names")
    } else {
      add(.ok, "certificate", "an authority that this machine trusts vouches for the hub")
      if subject.realm == nil {
        add(
          .warn, "hub's identity", "without the invite nobody can tell whether it is the right hub",
          "Test with the invite: kreisnetz doctor --invite - < invite.txt")
      } else {
        add(.ok, "interception", "the connection's TLS key is one that the hub states as its own")
      }
    }
  }

  /// What failed in the terms of the tests.
  private mutating func explain(_ error: TransportError, _ endpoint: HubEndpoint) async {
    let issuer = await onOwnThread { endpoint.issuer(seconds: Self.patience) }
    let shown = issuer.map { " The certificate shown is issued by \($0)." } ?? ""
    let exception =
      "Have whoever runs the proxy or firewall exempt the hub's host from TLS inspection (the pin is "
      + "never weakened), or ask the hub's admin by another way whether its key was replaced."
    switch error {
    case .keyMismatch:
      add(.fail, "pin", error.description + shown, exception)
    case .intercepted:
      add(.fail, "interception", error.description + shown, exception)
    case .certificateRejected where subject.realm == nil:
      add(
        .warn, "certificate", error.description + shown,
        "Normal for a hub that made its certificate itself. Test with the invite, which names its key: "
          + "kreisnetz doctor --invite - < invite.txt")
    case .certificateRejected:
      add(.fail, "certificate", error.description + shown, exception)
    case .proxyRefused: add(.fail, "proxy", error.description)
    case .timedOut, .unreachable, .connectionLost: add(.fail, "connection", error.description)
    default: add(.fail, "hub", error.description)
    }
  }

  /// - Returns: whether it was the hub that answered.
  private mutating func judge(_ answer: ClientResponse) -> Bool {
    let body = String(decoding: answer.body.prefix(64), as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    if answer.fields["content-type"]?.lowercased().hasPrefix("text/html") == true {
      add(
        .fail, "captive page",
        "a proxy or login page answered instead of the hub (\(answer.status))",
        "Let connections to the hub pass there without a login, or set the proxy to use.")
      return false
    }
    switch (answer.status, body) {
    case (200, "ready"): add(.ok, "hub", "it is ready")
    case (503, "gathering"):
      add(.warn, "hub", "it gathers what it lost and serves nobody", "Its admin is at work: wait.")
    case (503, "halted"):
      add(
        .warn, "hub", "it was restored from a backup and serves nobody",
        "At the hub: kreisnetz hub init --recover")
    case (503, "stopping"): add(.warn, "hub", "it is stopping", "Try again in a minute.")
    default:
      add(
        .fail, "hub", "what answers there is no hub: \(answer.status)",
        "Check the address, and what stands before the hub.")
      return false
    }
    return true
  }

  private mutating func judgeClock(_ date: String?, _ before: UInt64, _ after: UInt64) {
    guard let date, let hub = HTTPDate.seconds(of: date) else { return }
    let here = Int64(before / 2 + after / 2)
    let offset = hub - here
    let text = "the hub's clock is \(offset.magnitude) s \(offset < 0 ? "behind" : "ahead")"
    let advice =
      "Set the clock: timedatectl set-ntp true. Nothing is refused for it, but times in the history are "
      + "wrong."
    let level = Finding.Level(Threshold.clock.state(of: Double(offset.magnitude)))
    add(level, "clock", text, level == .ok ? "" : advice)
  }

  /// Whether the realm's hub is at the other end: signed by its key, which the root certifies.
  private mutating func checkNotice(_ transport: any Transport) async {
    guard let realm = subject.realm else { return }
    let request = ClientRequest(
      .get, "/v1/tls", fields: ["Accept": MediaType.message],
      maximumResponseBytes: TLSNotice.limit, deadlines: Deadlines(whole: .seconds(20)))
    guard let answer = try? await transport.send(request), answer.status == 200,
      let wire = try? WireSignedTLSNotice(serializedBytes: answer.body)
    else {
      return add(
        .warn, "hub's identity", "it does not state its TLS keys now", "Try again; see its log.")
    }
    guard (try? TLSNotice(verifying: wire, in: realm)) != nil else {
      return add(
        .fail, "hub's identity", "another hub answers there: it is not certified by this realm",
        "Check the address with the hub's admin.")
    }
    add(.ok, "hub's identity", "certified by the realm's root key")
  }
}
