// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange
import KreisLocal
import KreisService
import KreisStore
import KreisTown

/// Forces a comparison with the hub.
struct ResyncCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resync",
    abstract: "Repair what is damaged, push and pull what is missing, and prove equality.",
    discussion: """
      Re-hashes every entry and names what is damaged on disk; fetches damaged entries and lost \
      values from the hub; pushes what the hub lacks, pulls what this replica lacks, folds every \
      record anew from the log, and reports what was found and repaired, the feed positions and \
      hashes here and at the hub, and EQUAL or DIFFERENT. An unsent entry is never discarded. It can \
      be interrupted and repeated at any moment.

      Exit codes: 0 equal, 1 different, 3 the hub could not be asked.

      Examples:
        kreisnetz resync --state /var/lib/kreisnetz/halver
        kreisnetz resync --verify --json
        kreisnetz resync --rebuild
        kreisnetz resync --from-scratch
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  @Flag(name: .long, help: "Compare and report only; change nothing.")
  var verify = false

  @Flag(name: .long, help: "Fold every record anew from the log, without the hub.")
  var rebuild = false

  @Flag(
    name: .long,
    help: ArgumentHelp(
      "Fetch everything again into a new database and set the old one aside. A town's daemon must "
        + "be stopped."))
  var fromScratch = false

  @Option(
    help: ArgumentHelp(
      "Settings, where no daemon runs: proxy and authorities.", valueName: "file"))
  var config: String?

  func validate() throws {
    guard [verify, rebuild, fromScratch].count(where: { $0 }) < 2 else {
      throw ValidationError("Give one of --verify, --rebuild and --from-scratch.")
    }
  }

  func run() throws {
    if fromScratch { return try startAnew() }
    let request = LocalRequest("resync", ["verify": .bool(verify), "rebuild": .bool(rebuild)])
    let outcome = try ReplicaSession(state, isRepair: true).run(
      request, verify ? .reading : .writing, handlers: handlers
    ) { row in
      if output.json { try StandardOutput().json(row) } else { try report(row) }
    }
    try StandardOutput().flush()
    if outcome != .done { throw ExitCode(outcome.rawValue) }
  }

  private func startAnew() throws {
    let progress = ProgressLine()
    defer { progress.clear() }
    let path = try state.path()
    let report = try FileAct("resync --from-scratch", in: path, isRescue: true).run {
      try FromScratch(state: path, config: config).run { progress.show($0) }
    }
    progress.clear()
    if output.json {
      return try StandardOutput().json([
        "carried_over": .integer(report.carried.entries),
        "lost": .array(report.carried.lost.map { .string($0) }),
        "set_aside": report.setAside.map { .string($0) } ?? .null,
      ])
    }
    let out = StandardOutput()
    try out.line("Everything was fetched again and verified.")
    try out.line(
      counted(report.carried.entries, "entry", "entries")
        + " that only this replica had: carried over.")
    for lost in report.carried.lost { try out.line("not carried over: \(lost)") }
    if let aside = report.setAside {
      try out.line("The database so far was set aside: \(aside)")
    } else {
      try out.line("The database so far was too damaged to be kept as a replica must be.")
    }
  }

  private func handlers(
    _ store: Store, _ directory: StateDirectory
  ) throws -> [String: CommandHandler] {
    switch store.identity.role {
    case .hub: return ["resync": ResyncHandler.hub(store: store)]
    case .town:
      let configuration = try TownConfiguration(path: config)
      let client = try TownConnection.client(
        store: store, directory: directory, configuration: configuration)
      return ["resync": ResyncHandler.town(client: client, store: store)]
    }
  }

  private func report(_ row: JSONValue) throws {
    let out = StandardOutput()
    try out.line(
      PlainText.counted(row["entries"], "entry", "entries") + " re-hashed, "
        + PlainText.counted(row["records"], "record", "records") + " re-folded")
    for (name, label) in [
      ("damaged", "damaged"), ("repaired", "repaired"), ("differences", "still different"),
    ] {
      guard case .array(let sentences) = row[name], !sentences.isEmpty else { continue }
      for sentence in sentences { try out.line("\(label): \(PlainText.value(sentence))") }
    }
    if case .array(let stopped) = row["stopped"] {
      for log in stopped {
        try out.line("not sent: \(PlainText.value(log["log"])): \(PlainText.value(log["reason"]))")
      }
    }
    if row["unsent"] != .number("0") {
      try out.line(
        PlainText.counted(row["unsent"], "entry waits to be sent", "entries wait to be sent"))
    }
    if case .array(let feeds) = row["feeds"] {
      for feed in feeds {
        try out.line(
          "feed \(PlainText.value(feed["scope"])): here \(place(feed["here"])), "
            + "at the hub \(place(feed["hub"]))")
      }
    }
    try out.line(row["equal"] == .bool(true) ? "EQUAL" : "DIFFERENT")
  }

  private func place(_ position: JSONValue?) -> String {
    guard let position, position != .null else { return "nothing" }
    return "\(PlainText.value(position["position"])) "
      + "(\(PlainText.value(position["hash"]).prefix(16)))"
  }
}
