// SPDX-License-Identifier: EUPL-1.2

extension Vocabulary {
  static let status = Vocabulary(
    "status", ["planned": "geplant", "active": "aktiv", "ended": "beendet"])
  static let carrier = Vocabulary(
    "carrier",
    [
      "public": "öffentlicher Träger", "free": "freier Träger", "church": "kirchlicher Träger",
      "commercial": "privat-gewerblicher Träger", "practice": "niedergelassene Praxis",
      "self_employed": "freiberuflich", "initiative": "Elterninitiative oder Ehrenamt",
    ])
  static let sector = Vocabulary(
    "sector",
    [
      "youth_welfare": "Kinder- und Jugendhilfe", "health": "Gesundheitswesen",
      "education": "Bildung", "social": "Soziales", "disability": "Behindertenhilfe",
      "safety": "Polizei und Ordnung", "justice": "Justiz", "other": "Sonstiges",
    ])
  static let audience = Vocabulary(
    "audience", ["families": "Familien", "professionals": "Fachkräfte"])
  static let access = Vocabulary(
    "access",
    [
      "voluntary": "freiwillig", "open": "offen, ohne Anmeldung", "registration": "mit Anmeldung",
      "referral": "auf Überweisung oder Verordnung", "application": "auf Antrag",
      "mandatory": "verpflichtend",
    ])
  static let locationType = Vocabulary(
    "location_type",
    ["physical": "Standort", "postal": "Postanschrift", "virtual": "nur im Internet"])
  static let accessibility = Vocabulary(
    "accessibility",
    ["full": "barrierefrei", "partial": "teilweise barrierefrei", "none": "nicht barrierefrei"])
  static let phoneType = Vocabulary(
    "phone_type",
    [
      "voice": "Festnetz", "cell": "Mobil", "fax": "Fax", "text": "Kurznachrichten",
      "textphone": "Schreibtelefon", "video": "Bildtelefon",
    ])
  static let legalBasis = Vocabulary(
    "legal_basis",
    [
      "consent": "Einwilligung (Art. 6 Abs. 1 a DSGVO)",
      "contract": "Vertrag (Art. 6 Abs. 1 b DSGVO)",
      "legal_obligation": "rechtliche Verpflichtung (Art. 6 Abs. 1 c DSGVO)",
      "public_task": "öffentliche Aufgabe (Art. 6 Abs. 1 e DSGVO, § 3 KKG)",
      "legitimate_interest": "berechtigtes Interesse (Art. 6 Abs. 1 f DSGVO)",
    ])
  static let attending = Vocabulary(
    "attending",
    ["in_person": "persönlich", "phone": "telefonisch", "online": "online", "visit": "Hausbesuch"])
  static let municipalityType = Vocabulary(
    "municipality_type",
    ["town": "Stadt", "municipality": "Gemeinde", "district": "Kreis", "quarter": "Stadtteil"])
  static let membershipRole = Vocabulary(
    "membership_role",
    [
      "member": "Mitglied", "coordination": "Koordination", "carrier": "Träger",
      "partner": "Kooperationspartner", "guest": "Gast",
    ])
  static let meetingFormat = Vocabulary(
    "meeting_format",
    [
      "plenary": "Plenum", "working_groups": "Arbeitsgruppen", "lecture": "Fachvortrag",
      "workshop": "Workshop", "online": "Videokonferenz",
    ])
  static let meetingStatus = Vocabulary(
    "meeting_status", ["planned": "geplant", "held": "durchgeführt", "cancelled": "abgesagt"])
  static let documentType = Vocabulary(
    "document_type",
    [
      "standard": "Standard", "agreement": "Kooperationsvereinbarung", "concept": "Konzept",
      "report": "Bericht", "minutes": "Protokoll", "form": "Vordruck", "law": "Rechtsgrundlage",
      "other": "Sonstiges",
    ])
  static let requestStatus = Vocabulary(
    "request_status",
    [
      "open": "offen", "accepted": "angenommen", "declined": "abgelehnt", "question": "Rückfrage",
      "withdrawn": "zurückgezogen",
    ])
}
