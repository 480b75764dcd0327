// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import Foundation
import KreisInterchange
import KreisLocal
import KreisMonitor
import KreisStore

/// Tells a monitoring system how a replica is.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Check a replica for Checkmk, Icinga or Nagios.",
    discussion: """
      Prints one line with performance data. Other than all commands it ends with the exit codes of \
      monitoring plugins: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (no replica there, not permitted, \
      wrong use). A daemon that does not run is CRITICAL. A network that is down is none of that \
      before the lag is beyond its limit.

      Limits are WARN,CRIT; an empty one means never. Members of the daemon's monitor_group may run \
      this without root.

      Examples:
        kreisnetz check --state /var/lib/kreisnetz/halver
        kreisnetz check --lag 7200,172800 --unsent 100, --disk-free 2000,500 --backup 2,7
      """)

  @OptionGroup var state: StateOptions

  @Option(
    help: ArgumentHelp(
      "Seconds: a town without the hub's news (3600,86400), or at the hub the age of what a town lacks "
        + "(86400,604800).", valueName: "warn,crit"))
  var lag: String?

  @Option(help: ArgumentHelp("Own entries not sent (never).", valueName: "warn,crit"))
  var unsent: String?

  @Option(
    help: ArgumentHelp("Seconds between the clocks (60,3600).", valueName: "warn,crit"))
  var clock: String?

  @Option(
    help: ArgumentHelp(
      "Hub: seconds since a town's last statement (172800,1209600).", valueName: "warn,crit"))
  var silence: String?

  @Option(help: ArgumentHelp("Megabytes left, at least (1000,200).", valueName: "warn,crit"))
  var diskFree: String?

  @Option(
    help: ArgumentHelp("Hub: days until the certificate ends (30,7).", valueName: "warn,crit"))
  var certificate: String?

  @Option(help: ArgumentHelp("Erasures not confirmed in time (0,).", valueName: "warn,crit"))
  var erasures: String?

  @Option(help: ArgumentHelp("Own records to review (never).", valueName: "warn,crit"))
  var reviews: String?

  @Option(help: ArgumentHelp("Records in conflict (never).", valueName: "warn,crit"))
  var conflicts: String?

  @Option(
    help: ArgumentHelp(
      "Days since the last kreisnetz backup (8,); a replica that never had one only if this is given.",
      valueName: "warn,crit"))
  var backup: String?

  func run() throws {
    let check = result()
    try StandardOutput().line(check.line)
    try StandardOutput().flush()
    if check.state != .ok { throw ExitCode(check.state.rawValue) }
  }

  private func result() -> Check {
    do {
      let path = try state.path()
      guard FileManager.default.fileExists(atPath: path) else {
        return Check(.unknown, "there is no state directory \(path)")
      }
      let session = try ReplicaSession(state)
      var status: JSONValue = .null
      _ = try session.run(LocalRequest("status"), .watching) { status = $0 }
      var families: [MetricFamily] = []
      _ = try session.run(LocalRequest("metrics"), .watching) { families.append(try .init($0)) }
      return Check(
        status, families, try limits(isHub: status["role"] == "hub"), at: SystemClock.now())
    } catch {
      let text = CommandError(known: error)?.text ?? "\(error)"
      // Whose files this user may not read, but whose socket nobody answers.
      if let path = try? state.path(), Self.isDown(path) {
        return Check(.critical, "the daemon does not run")
      }
      return Check(.unknown, text)
    }
  }

  /// Whether nobody answers where this user may ask.
  private static func isDown(_ path: String) -> Bool {
    guard access(path + "/kreisnetz.sqlite", F_OK) == 0 else { return false }
    let monitor = StateDirectory.monitorSocket(in: path)
    return isSilent(StateDirectory.socket(in: path))
      || access(monitor, F_OK) == 0 && isSilent(monitor)
  }

  private static func isSilent(_ socket: String) -> Bool {
    do { return try LocalClient.connect(to: socket) == nil } catch { return false }
  }

  private func limits(isHub: Bool) throws -> CheckLimits {
    var limits = CheckLimits(isHub: isHub)
    try take(lag, "lag", &limits.lag)
    try take(unsent, "unsent", &limits.unsent)
    try take(clock, "clock", &limits.clock)
    try take(silence, "silence", &limits.silence)
    try take(diskFree, "disk-free", &limits.diskFree, factor: 1e6)
    try take(certificate, "certificate", &limits.certificate, factor: 86_400)
    try take(erasures, "erasures", &limits.overdueErasures)
    try take(reviews, "reviews", &limits.overdueReviews)
    try take(conflicts, "conflicts", &limits.conflicts)
    try take(backup, "backup", &limits.backup, factor: 86_400)
    limits.expectsBackup = backup != nil
    return limits
  }

  private func take(
    _ text: String?, _ name: String, _ threshold: inout Threshold, factor: Double = 1
  ) throws {
    guard let text else { return }
    guard
      let given = Threshold(text, isMinimum: threshold.isMinimum, factor: factor)
    else {
      throw CommandError(
        .wrongUse, "--\(name) takes WARN,CRIT, two numbers of which either may be left out")
    }
    threshold = given
  }
}
