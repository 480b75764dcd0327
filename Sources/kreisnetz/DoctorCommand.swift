// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import Foundation
import KreisCore
import KreisInterchange
import KreisLocal
import KreisMonitor
import KreisService
import KreisStore

struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Test what can be wrong from this machine, and say what to do.",
    discussion: """
      Files, owner and permissions, key, database, disk, settings, proxy, names, connection, TLS, pin or \
      certificate, interception, login pages, the hub and its state, clock, version, membership, systemd. \
      Changes nothing, and asks the hub only what it tells anybody (and, as a town whose daemon does not \
      run, whether it takes this town's key). Works beside a daemon; members of its monitor_group may \
      run it without root. Before a town joins, test with its invite or with the hub's address alone.

      Exit codes: 0 nothing failed, 1 something did.

      Examples:
        kreisnetz doctor --state /var/lib/kreisnetz/halver --config /etc/kreisnetz/town.yaml
        kreisnetz doctor --invite - < invite.txt
        kreisnetz doctor --url https://hub.example.org:8443 --json
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  @Option(
    help: ArgumentHelp(
      "Settings of the daemon; without it those in /etc/kreisnetz, if there are any.",
      valueName: "file"))
  var config: String?

  @Option(help: "Before a town joins: the hub's address.")
  var url: String?

  @Option(help: "Before a town joins: its invite, or - for standard input.")
  var invite: String?

  @Option(help: "The daemon's systemd unit; without it the one that is delivered.")
  var unit: String?

  func validate() throws {
    guard url == nil || invite == nil else {
      throw ValidationError("Give --url or --invite, not both.")
    }
  }

  // Swift 6.3.1 crashes while it optimizes this function ("splitting coroutine").
  @_optimize(none)
  func run() async throws {
    let examination = Examination(config: config, unit: unit) { finding in
      if output.json { try StandardOutput().json(finding.json) } else { try report(finding) }
    }
    if let subject = try subject() {
      try await examination.beforeJoining(subject)
    } else {
      try await examination.replica(at: state.path())
    }
    if examination.hasFailed { throw Outcome.no.exit }
  }

  /// Whom to ask before a town joins; `nil`: the replica says so.
  private func subject() throws -> DoctorSubject? {
    if let invite {
      let text = try invite == "-" ? InviteText.standardInput() : invite
      return DoctorSubject(try Invite(text: text))
    }
    return url.map { DoctorSubject(hubURL: $0) }
  }

  private func report(_ finding: Finding) throws {
    let out = StandardOutput()
    let head = PlainText.padded(finding.level.rawValue, 6) + PlainText.padded(finding.test, 17)
    try out.line(head + PlainText.printable(finding.text).replacing("\n", with: " "))
    if !finding.advice.isEmpty {
      try out.line(PlainText.padded("", 23) + "-> " + PlainText.printable(finding.advice))
    }
    // The next test may take its time.
    try out.flush()
  }
}
