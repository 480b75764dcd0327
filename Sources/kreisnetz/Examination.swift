// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import KreisLocal
import KreisMonitor
import KreisService
import KreisStore
import KreisTown
import KreisTransport

/// The tests of `kreisnetz doctor`, one after the other.
final class Examination {
  private let config: String?
  private let unit: String?
  private let report: (Finding) throws -> Void
  private(set) var hasFailed = false

  init(config: String?, unit: String?, report: @escaping (Finding) throws -> Void) {
    (self.config, self.unit, self.report) = (config, unit, report)
  }

  private func add(_ finding: Finding) throws {
    if finding.level == .fail { hasFailed = true }
    try report(finding)
  }

  private func add(
    _ level: Finding.Level, _ test: String, _ text: String, _ advice: String = ""
  ) throws {
    try add(Finding(level, test, text, advice))
  }

  /// What a town can test that has only an address or an invite.
  func beforeJoining(_ subject: DoctorSubject) async throws {
    guard let configuration = try town() else { return }
    try await network(subject, configuration)
  }

  /// What a replica can test.
  func replica(at path: String) async throws {
    guard let subject = try files(path) else { return }
    let isHub = subject.role == .hub
    let configuration = isHub ? nil : try town()
    try await network(subject, configuration)
    if !isHub { try await membership(path, subject, configuration) }
    let name = URL(filePath: path).standardizedFileURL.lastPathComponent
    let unit = unit ?? (isHub ? "kreisnetz-hub" : "kreisnetz-town@\(name)")
    for finding in SystemdExamination.findings(of: unit) { try add(finding) }
  }

  private func network(
    _ subject: DoctorSubject, _ configuration: TownConfiguration?
  ) async throws {
    let findings = await NetworkExamination.findings(
      subject, configuration, now: SystemClock.now
    ) { () throws(TransportError) in try Self.way(to: subject, configuration) }
    for finding in findings { try add(finding) }
  }

  /// What the hub states over it is not kept: nothing is changed.
  private static func way(
    to subject: DoctorSubject, _ configuration: TownConfiguration?
  ) throws(TransportError) -> (endpoint: HubEndpoint, transport: any Transport) {
    let endpoint = try HubEndpoint(
      url: subject.hubURL, pin: subject.pin, configuration: configuration)
    let transport = try TownConnection.transport(
      to: endpoint, realm: subject.realm, hubGeneration: { subject.hubGeneration },
      keeper: NamedKeyTransport.Keeper(kept: subject.namedKeys))
    return (endpoint, transport)
  }

  // MARK: - Files

  /// Asks the daemon about them, or looks itself where none runs.
  ///
  /// - Returns: `nil` if it cannot be told whose replica it is.
  private func files(_ path: String) throws -> DoctorSubject? {
    let client: LocalClient?
    do { client = try ReplicaSession.client(path, watching: true) } catch {
      try add(.fail, "daemon", "\(error)")
      return nil
    }
    guard let client else { return try ownFiles(path) }
    try add(.ok, "daemon", "it answers")
    var subject: DoctorSubject?
    _ = try client.run(LocalRequest(DoctorHandler.command)) { reply in
      guard case .row(let row) = reply else { return }
      if let finding = Finding(row) { try add(finding) } else { subject = DoctorSubject(row) }
    }
    return subject
  }

  private func ownFiles(_ path: String) throws -> DoctorSubject? {
    let directory: StateDirectory
    do throws(StateDirectoryError) { directory = try StateDirectory.open(path) } catch {
      for finding in StateExamination.findings(of: path, software: Kreisnetz.version) {
        try add(finding)
      }
      return nil
    }
    try add(
      .warn, "daemon", "none runs here",
      "Start it: systemctl start kreisnetz-hub or kreisnetz-town@NAME")
    let subject = try? DoctorSubject(directory)
    let hub = subject?.role == .hub ? try settings { try HubConfiguration(path: $0) } : nil
    for finding in DoctorHandler.findings(directory, hub) { try add(finding) }
    return subject
  }

  // MARK: - Settings

  private func town() throws -> TownConfiguration? {
    try settings(role: "town") { try TownConfiguration(path: $0) }
  }

  /// Reads the settings that were named, or those of the daemon.
  private func settings<Configuration>(
    role: String = "hub", _ read: (String?) throws -> Configuration
  ) throws -> Configuration? {
    let usual = "/etc/kreisnetz/\(role).yaml"
    let path = config ?? (FileManager.default.isReadableFile(atPath: usual) ? usual : nil)
    do {
      let configuration = try read(path)
      try add(.ok, "settings", path.map { "\($0) can be used" } ?? "none but the environment")
      return configuration
    } catch let error as ConfigurationError {
      try add(
        .fail, "settings", error.description, "Correct it; the daemon does not start with it.")
      return nil
    }
  }

  // MARK: - Membership

  /// Whether the hub takes this town's key: as its daemon says, or as the hub answers.
  private func membership(
    _ path: String, _ subject: DoctorSubject, _ configuration: TownConfiguration?
  ) async throws {
    if let client = try ReplicaSession.client(path, watching: true) {
      var status: JSONValue = .null
      _ = try client.run(LocalRequest("status")) { if case .row(let row) = $0 { status = row } }
      return try judge(status["link"])
    }
    guard !hasFailed, let configuration, let directory = try? StateDirectory.open(path),
      let key = try? directory.replicaKey(),
      let store = try? Store.openReadOnly(at: directory.database, key: key)
    else { return }
    let identity = store.identity
    let client = TownConnection.client(
      store: store, over: try Self.way(to: subject, configuration).transport)
    do {
      _ = try await client.get("/v1/statements")
      try add(.ok, "membership", "the hub takes the key of \(identity.name)")
    } catch HubFailure.refused(let refusal) {
      try add(
        .fail, "membership", "the hub refuses the key of \(identity.name): \(refusal.reason)",
        "See Operations, \"Recovery\", or ask the hub's admin.")
    } catch {
      try add(.warn, "membership", "the hub could not be asked: \(error)", "Try again.")
    }
  }

  private func judge(_ link: JSONValue?) throws {
    let reason = link?["reason"].map { PlainText.value($0) } ?? ""
    switch link?["hub"] {
    case "connected": try add(.ok, "membership", "the daemon is connected to the hub")
    case "alarmed":
      try add(.fail, "membership", reason, "See Operations, \"Trouble, and the next step\".")
    default:
      try add(
        .warn, "membership", "the daemon is not connected: \(reason)",
        "It tries again by itself; kreisnetz resync asks at once.")
    }
    if case .array(let stopped)? = link?["stopped_logs"] {
      for log in stopped {
        try add(
          .fail, "log", "not pushed any more: \(PlainText.value(log))",
          "Remove the reason, then: kreisnetz resync")
      }
    }
  }
}
