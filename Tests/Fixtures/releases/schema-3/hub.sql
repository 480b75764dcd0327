BEGIN TRANSACTION;
CREATE TABLE "address" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "merged_into" TEXT, "distinct_from" TEXT, "location_id" TEXT, "attention" TEXT, "address_1" TEXT, "address_2" TEXT, "postal_code" TEXT, "city" TEXT, "region" TEXT, "state_province" TEXT, "country" TEXT, "address_type" TEXT, "confidential" INTEGER) STRICT;
CREATE TABLE branch (
  branch INTEGER PRIMARY KEY,
  log INTEGER NOT NULL,
  first INTEGER NOT NULL, -- its first entry's sequence
  last INTEGER NOT NULL,
  previous BLOB NOT NULL CHECK (length(previous) = 32), -- the header hash before the first
  hash BLOB NOT NULL CHECK (length(hash) = 32), -- the header hash of the last
  signature BLOB, -- the author's over the last; NULL: own entries that were never pushed
  reason TEXT NOT NULL CHECK (reason IN ('tail', 'fork', 'closed', 'issued')),
  size INTEGER NOT NULL, -- bytes of bodies and blocks, as they came
  offered INTEGER NOT NULL DEFAULT 0, -- 1: the hub has it
  UNIQUE (log, last, hash)
) STRICT;
CREATE TABLE "change_request" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "merged_into" TEXT, "distinct_from" TEXT, "subject_id" TEXT, "field_name" TEXT, "proposed_value" TEXT, "remark" TEXT, "sender" TEXT, "status" TEXT, "answer" TEXT, "answered_questions" TEXT, "seen" TEXT) STRICT;
CREATE TABLE "contact" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "merged_into" TEXT, "distinct_from" TEXT, "name" TEXT, "salutation" TEXT, "academic_degree" TEXT, "title" TEXT, "department" TEXT, "organization_id" TEXT, "location_id" TEXT, "service_id" TEXT, "service_at_location_id" TEXT, "email" TEXT, "phone" TEXT, "mobile" TEXT, "availability" TEXT, "room" TEXT, "languages" TEXT, "legal_basis" TEXT, "source" TEXT, "consent_date" TEXT, "review_date" TEXT, "restricted" INTEGER, "valid_until" TEXT) STRICT;
CREATE TABLE "document" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "merged_into" TEXT, "distinct_from" TEXT, "name" TEXT, "document_type" TEXT, "description" TEXT, "networks" TEXT, "municipality_id" TEXT, "meeting_id" TEXT, "parties" TEXT, "date" TEXT, "adopted_by" TEXT, "adopted_on" TEXT, "binding_for" TEXT, "valid_from" TEXT, "valid_to" TEXT, "url" TEXT, "language" TEXT) STRICT;
CREATE TABLE entry (
  entry INTEGER PRIMARY KEY, -- log << 40 | sequence
  record INTEGER, -- NULL: a control entry
  hash BLOB NOT NULL CHECK (length(hash) = 32), -- of the header
  body BLOB NOT NULL, -- the header's body
  block BLOB, -- salt and values, `PackedBlock`; NULL: none, or destroyed
  commitment BLOB -- in place of a destroyed block
) STRICT;
INSERT INTO "entry" VALUES(1099511627777,NULL,X'3FB8B07A0F141F54AB06D2DA4EA697F171E171CAA3E494736A4F3DA049E19030',X'80A4A7DA0604000000AE010AAB010A206D7A04E6C6E30DCC4D2C10FEB16103CC5EC50E43111088F1CEFDCD26F93FEE95110289EC2D0A91000018012220FA984ABD108C87C4CBEE7422D87A60AF76D4DCBE5F333F1DA34E704DE6D494B23240FBBA320A45DAF52C2B3CD4B62E422862BD43F3C36C737433ED876A1919EB60EE2E53D416C656C43D65D97D2CAC7C8E875D35B150A89E5C7A9E79B6CDE0A93F013A114DC3A4726B697363686572204B7265697342053035393632',NULL,NULL);
INSERT INTO "entry" VALUES(1099511627778,NULL,X'B23C8B55C78AC8AE4E179EDB7F275DAFDC71D36C76CB4641BEE93D6FE7D58EA7',X'80A4A7DA0604000000451243098E65A18DEBBE00001205746F776E301A05546F776E30220830353936323031322A200D1567886CCA4CD4D25A25C24C5091AABFC32BFDCBA64AD042D7DC87CC0C12AF',NULL,NULL);
INSERT INTO "entry" VALUES(1099511627779,NULL,X'CA6F662A87D8A25417475E4D3ED2110F69EF0BBD0904F9F20B65EF8B2FA45A33',X'80A4A7DA06040000004512430932FBEEA293F800001205746F776E311A05546F776E31220830353936323031322A206AC0CF66544C462B46E92CE149273BFE906ACD3AF83F614DE296DCE5ADE5461D',NULL,NULL);
INSERT INTO "entry" VALUES(1099511627780,1,X'3DE43645B888AE737496A38141B1A25E37521180658D576157E645DE908A2083',X'86A4A7DA06010101BEEB8DA1658E890BB1BB54D8D101B5B90110010181A8E8417E12B300E81382AD332B2E1D00',X'001F8410633EF306AC497305C5D1AAB99F0A0D4B69746120616D204D61726B74',NULL);
INSERT INTO "entry" VALUES(1099511627781,3,X'5F094A467DBECC736AC1155A876E81A185B193336B64EBD0DC1B1E3E8FE04687',X'87A4A7DA06030101BEEB8DA1658E8AF1AE84379630AF89EE0000',X'00FF6C67E81909778A990CD70B12C5D0841A074172742E203137',NULL);
INSERT INTO "entry" VALUES(1099511627782,NULL,X'BC45ACFD04DE7C1DA18C997163E8D78D284D20BBA76C1685F5D4F5BE039D9AEC',X'87A4A7DA06040000004C1A4A098E65A18DEBBE000010021A20F5948DA964863E2AE6C09057A80D69285B3F1DE651A4A89C766EE2604D4BECE82208080112020801180722110801120B0803118E65A18DEBBE00001801',NULL,NULL);
INSERT INTO "entry" VALUES(2199023255553,1,X'81A8E8417E12B300E81382AD332B2E1D0B7DF60923F5E3F7DBE916871A3F32BE',X'81A4A7DA06010101BEEB8DA1658E890BB1BB54D8D101B5B90110010000',X'00C34D0BFF90150280E099EC6CD7363CA50A0F4B697461204CC3B677656E7A61686E',NULL);
INSERT INTO "entry" VALUES(2199023255554,1,X'DD30C30BAF9065E08519F83CF3B113FBA8D82EDBD4BC69271A4601C4AF9D9D14',X'82A4A7DA06010101BEEB8DA1658E890BB1BB54D8D101B5B90226020274720018010000',X'0085E7BB0F12278575491718DE357E3DA80A0D3032323120343731302D333031',NULL);
INSERT INTO "entry" VALUES(2199023255555,2,X'7AE3CAF6E70A95755E44264F601A80729E66EDF82DD1A6DBA1474123D73240D8',X'83A4A7DA06010101BEEB8DA1658E828AAF9B6DAE6F4C57A80110010000',X'002AC2CE17A5794A3BA534A6A6B7FD0B630A0F4265726174756E67737374656C6C65',NULL);
INSERT INTO "entry" VALUES(2199023255556,3,X'F61DDB39EF274ACFF7A3804A1E3E9B3133BF36D171B11F482701FDE6BF044640',X'84A4A7DA06010101BEEB8DA1658E8AF1AE84379630AF89EE0110010000',NULL,X'62EE7C9E66A1ABC30387C5B92AC1C52074129B0DD84E05513AA89E274E7E7952');
INSERT INTO "entry" VALUES(2199023255557,1,X'71743F3ABCBD668786BAF3612F553E371C84AC31FC58AD9426FA23A438838EBD',X'85A4A7DA06010101BEEB8DA1658E890BB1BB54D8D101B5B90110010181A8E8417E12B300E81382AD332B2E1D00',X'0014D7973C5C2A449C7EF1FD0ED1548FCD0A154B697461204CC3B677656E7A61686E20652E20562E',NULL);
INSERT INTO "entry" VALUES(2199023255558,2,X'D8413E26532560709FAC97766BE286BE0CB32871F0AD20437AFF01C3B1AE4CCF',X'87A4A7DA06010101BEEB8DA1658E828AAF9B6DAE6F4C57A8010100017AE3CAF6E70A95755E44264F601A807200',X'000C43407DC177B6F783F91CA7864A7135',NULL);
INSERT INTO "entry" VALUES(2199023255559,1,X'EB47EB8FE1AC846DB6428603E8F86ED0B524579A358C428C8702A3760E1C94FC',X'E4A4A7DA06010101BEEB8DA1658E890BB1BB54D8D101B5B9018507010000',X'00B6B9AEEF0D2DF7AB0B331645445BCD270A077370C3A4746572',NULL);
INSERT INTO "entry" VALUES(3298534883329,1,X'F06EFB68FD5F1A38BCE260723E559E82945A8E8FACF513FED88D53BDB9DAEA32',X'82A4A7DA06010101BEEB8DA1658E890BB1BB54D8D101B5B90113010000',X'00CB435C8E746167966775DC7701564F610A06696E7465726E',NULL);
INSERT INTO "entry" VALUES(4398046511105,1,X'123D3E11C4398F4581D11E756112EADEB605BF3038D883C66E5FC7839DA25D5B',X'88A4A7DA06010101BEEB8DA1658E890BB1BB54D8D101B5B9011A010000',X'00962B1967C90789BA65ACE2685A072C6D0A106B697461406578616D706C652E6F7267',NULL);
CREATE TABLE feed (
  arrival INTEGER PRIMARY KEY, -- the order of acceptance over all scopes
  scope INTEGER NOT NULL,
  town INTEGER NOT NULL,
  position INTEGER NOT NULL,
  log INTEGER NOT NULL,
  last INTEGER NOT NULL, -- the bundle's last entry; it starts after the log's previous one
  hash BLOB NOT NULL CHECK (length(hash) = 32), -- of the author over the head at last; at the hub only
  UNIQUE (scope, town, position)
) STRICT;
INSERT INTO "feed" VALUES(1,1,0,1,1,1,X'47E514B8B203F87231FD9E8C953B327AA65666F03CB6DE0003035431584A424F');
INSERT INTO "feed" VALUES(2,1,0,2,1,2,X'EE9F16F2E8DD47292EF0F447DB160211EB0B57CD5B2C1C1C1DE008ADAD928C6B');
INSERT INTO "feed" VALUES(3,1,0,3,1,3,X'081E9D4F74DDF4EF009933901610F471B249AE1EF21821D9DE9ADB455E3DF455');
INSERT INTO "feed" VALUES(4,1,0,4,2,4,X'09CE93F967F2BAE2BF869379B2A36329CF7FC435C746C92311513FCEF37F6F3F');
INSERT INTO "feed" VALUES(5,3,209918902756750,1,3,1,X'2D2287FEE533DA3A98FEED3A9655677DDB8DACF3F6736292CE507BFF8C202738');
INSERT INTO "feed" VALUES(6,1,0,5,1,4,X'F7572ADE1E796FE5181945364CA08685F9FCF7E8475264CC3AD4AD75517DF12D');
INSERT INTO "feed" VALUES(7,1,0,6,1,5,X'AD0A397E88617E8330327709B7471127BCFE19A4E48F27568959F9C0D1170C04');
INSERT INTO "feed" VALUES(8,1,0,7,2,7,X'55101C426DB21DE5E2B205F507C4D4058DE0B2DBF53B2C3E7C8F82B1C164D5D0');
INSERT INTO "feed" VALUES(9,1,0,8,1,6,X'F69A4E548D979DBF2AD4D9F1F6A6A9C1D0BF677642099C3E9E207162C7E23BEC');
INSERT INTO "feed" VALUES(10,1,0,9,4,1,X'7C55BDC90C799AE4BE39AABB04865741E986B8CE2CF1827F78CE66E012E2AEAF');
CREATE TABLE feed_head (
  scope INTEGER NOT NULL,
  town INTEGER NOT NULL,
  hub_generation INTEGER NOT NULL,
  position INTEGER NOT NULL,
  hash BLOB NOT NULL,
  signature BLOB NOT NULL,
  PRIMARY KEY (scope, town)
) STRICT, WITHOUT ROWID;
CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
INSERT INTO "grdb_migrations" VALUES('1');
INSERT INTO "grdb_migrations" VALUES('2');
INSERT INTO "grdb_migrations" VALUES('3');
CREATE TABLE "indicator" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "merged_into" TEXT, "distinct_from" TEXT, "name" TEXT, "value" TEXT, "unit" TEXT, "approximate" INTEGER, "definition" TEXT, "source" TEXT, "period_start" TEXT, "period_end" TEXT, "municipality_id" TEXT, "network_id" TEXT, "remark" TEXT) STRICT;
CREATE TABLE invite (
  name TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  ags TEXT NOT NULL,
  secret BLOB NOT NULL, -- empty: withdrawn
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_by BLOB, -- the key that joined
  member INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO "invite" VALUES('town0','Town0','05962012',X'010203',1800000000,1800003600,X'0D1567886CCA4CD4D25A25C24C5091AABFC32BFDCBA64AD042D7DC87CC0C12AF',209918902756750);
INSERT INTO "invite" VALUES('town1','Town1','05962012',X'010203',1800000000,1800003600,X'6AC0CF66544C462B46E92CE149273BFE906ACD3AF83F614DE296DCE5ADE5461D',273312977451826);
CREATE TABLE "location" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "merged_into" TEXT, "distinct_from" TEXT, "name" TEXT, "alternate_name" TEXT, "description" TEXT, "location_type" TEXT, "organization_id" TEXT, "municipality_id" TEXT, "district" TEXT, "transportation" TEXT, "accessibility" TEXT, "accessibility_details" TEXT, "latitude" REAL, "longitude" REAL, "url" TEXT, "confidential" INTEGER) STRICT;
CREATE TABLE log (
  log INTEGER PRIMARY KEY, -- small, local to this database
  member INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  scope INTEGER NOT NULL, -- 1 public, 2 kreis, 3 coordination, 4 local
  town INTEGER NOT NULL, -- of a coordination scope, else 0
  sequence INTEGER NOT NULL,
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  signature BLOB, -- of the head by its author; NULL in scope local
  pushed INTEGER NOT NULL DEFAULT 0, -- own logs: the last entry seen in the hub's feed
  UNIQUE (member, generation, scope, town)
) STRICT;
INSERT INTO "log" VALUES(1,159472906176770,1,1,0,6,X'BC45ACFD04DE7C1DA18C997163E8D78D284D20BBA76C1685F5D4F5BE039D9AEC',X'812D55729A89F5BA434D6FDDA01C7116141B6E502CA4E92CAF6D8AA443E6F1E4D6ED9A8948C393F4535FE06B19272A6267C2B0ED9B904FB01EB0E52022637D0E',6);
INSERT INTO "log" VALUES(2,209918902756750,1,1,0,7,X'EB47EB8FE1AC846DB6428603E8F86ED0B524579A358C428C8702A3760E1C94FC',X'FEB02CC897EFFFAF91206D101C4D1854697E02D2DCA32FC7EF8466C813A32B5837EC69899F72D27EB1AD686CCD20538F7124191824613B4A78E0BE428DEE1F0E',7);
INSERT INTO "log" VALUES(3,209918902756750,1,3,209918902756750,1,X'F06EFB68FD5F1A38BCE260723E559E82945A8E8FACF513FED88D53BDB9DAEA32',X'21B99DF22194720B649D9FA93CCE14FE45A2F46ACC0FF9962B47E4061924057BD187829CD9F49C19F868813B73372AAD56EBD490F2CE7BD5828379CBF07FD201',1);
INSERT INTO "log" VALUES(4,209918902756750,2,1,0,1,X'123D3E11C4398F4581D11E756112EADEB605BF3038D883C66E5FC7839DA25D5B',X'111AE38599B2A15251C39BD16EE25FAAD0B978999640717EC705A4A6689BD228A4F0FD76888D0807E7FDB2EA27B05E9E225F630F6D6AA966930583D1BA6F3B09',1);
CREATE TABLE "municipality" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "merged_into" TEXT, "distinct_from" TEXT, "name" TEXT, "ags" TEXT, "municipality_type" TEXT, "parent_id" TEXT, "website" TEXT, "own_youth_office" INTEGER, "youth_office_id" TEXT, "latitude" REAL, "longitude" REAL, "hub_operator_id" TEXT, "coordination_note" TEXT) STRICT;
CREATE TABLE "network" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "merged_into" TEXT, "distinct_from" TEXT, "name" TEXT, "description" TEXT, "municipalities" TEXT, "operator_id" TEXT, "coordinator_id" TEXT, "legal_basis" TEXT, "legal_basis_since" TEXT, "minimum_age" INTEGER, "maximum_age" INTEGER, "from_pregnancy" INTEGER, "age_policy" TEXT, "sectors" TEXT, "valid_from" TEXT, "valid_to" TEXT, "status" TEXT, "related_networks" TEXT, "partners" TEXT, "email" TEXT, "website" TEXT, "expectations" TEXT) STRICT;
CREATE TABLE "network_meeting" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "merged_into" TEXT, "distinct_from" TEXT, "name" TEXT, "networks" TEXT, "working_group_id" TEXT, "municipality_id" TEXT, "status" TEXT, "ordinal" INTEGER, "date" TEXT, "reported_on" TEXT, "opens_at" TEXT, "closes_at" TEXT, "place" TEXT, "location_id" TEXT, "organizer_id" TEXT, "occurrences" INTEGER, "attendance" INTEGER, "attendance_approximate" INTEGER, "attendance_scope" TEXT, "formats" TEXT, "frequency" TEXT, "agenda" TEXT, "results" TEXT) STRICT;
CREATE TABLE "network_membership" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "merged_into" TEXT, "distinct_from" TEXT, "network_id" TEXT, "organization_id" TEXT, "contact_id" TEXT, "role" TEXT, "valid_from" TEXT, "valid_to" TEXT, "remark" TEXT, "restricted" INTEGER) STRICT;
CREATE TABLE "organization" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "merged_into" TEXT, "distinct_from" TEXT, "name" TEXT, "alternate_name" TEXT, "organization_type" TEXT, "description" TEXT, "street" TEXT, "postal_code" TEXT, "city" TEXT, "district" TEXT, "phone" TEXT, "fax" TEXT, "email" TEXT, "website" TEXT, "minimum_age" INTEGER, "maximum_age" INTEGER, "from_pregnancy" INTEGER, "carrier" TEXT, "legal_status" TEXT, "year_incorporated" INTEGER, "parent_organization_id" TEXT, "categories" TEXT, "sectors" TEXT, "municipality_id" TEXT, "languages" TEXT, "single_person" INTEGER, "confidential" INTEGER, "outside_region" INTEGER, "status" TEXT, "keywords" TEXT, "uri" TEXT, "logo" TEXT, "restricted" INTEGER) STRICT;
INSERT INTO "organization" VALUES(1,'beeb8da1-658e-890b-b1bb-54d8d101b5b9',NULL,NULL,NULL,NULL,NULL,NULL,'Kita am Markt',NULL,NULL,'intern',NULL,NULL,NULL,NULL,'0221 4710-301',NULL,'kita@example.org',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'["tr"]',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE "phone" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "merged_into" TEXT, "distinct_from" TEXT, "number" TEXT, "number_e164" TEXT, "extension" TEXT, "type" TEXT, "description" TEXT, "organization_id" TEXT, "contact_id" TEXT, "location_id" TEXT, "service_id" TEXT, "service_at_location_id" TEXT, "languages" TEXT, "restricted" INTEGER) STRICT;
CREATE TABLE "policy" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "merged_into" TEXT, "distinct_from" TEXT, "retention_days" INTEGER, "erasure_days" INTEGER, "publication_release" INTEGER, "erase_expired" INTEGER, "purpose" TEXT, "protection_officer" TEXT) STRICT;
CREATE TABLE "publication" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "merged_into" TEXT, "distinct_from" TEXT, "subject_id" TEXT, "field_name" TEXT, "operation" TEXT, "proposed_value" TEXT, "requested_by" TEXT, "requested_account" TEXT) STRICT;
CREATE TABLE record (
  record INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  kind INTEGER NOT NULL DEFAULT 0, -- tag of the kind; 0 while no entry takes effect
  deleted INTEGER NOT NULL DEFAULT 0,
  conflicts INTEGER NOT NULL DEFAULT 0 -- fields that somebody should look at
, entries BLOB, seal BLOB, shown INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO "record" VALUES(1,X'BEEB8DA1658E890BB1BB54D8D101B5B9',1,0,1,X'191C0CC30D7D0F041457D27519C1BB03',X'E360904767EA64CDBF5791AB853E0796',1);
INSERT INTO "record" VALUES(2,X'BEEB8DA1658E828AAF9B6DAE6F4C57A8',1,1,0,X'A2A2F4D0B42FF505C1E8B1390BF806CC',X'297CE9F29056AF30227212AD70DDE0CA',0);
INSERT INTO "record" VALUES(3,X'BEEB8DA1658E8AF1AE84379630AF89EE',1,1,0,X'A914917F929986BC9D62951099501A90',X'A50CD0374AB70F3C56DAD04027226FD9',0);
CREATE TABLE replica (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  role TEXT NOT NULL CHECK (role IN ('hub', 'town')),
  realm BLOB NOT NULL CHECK (length(realm) = 32),
  member INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  name TEXT NOT NULL,
  title TEXT NOT NULL,
  ags TEXT NOT NULL,
  kreis TEXT NOT NULL,
  hub_url TEXT NOT NULL,
  hub_pin BLOB CHECK (hub_pin IS NULL OR length(hub_pin) = 32), -- NULL: a CA's certificate
  tables TEXT NOT NULL DEFAULT '' -- fold version and fields the directory tables were made for
, key BLOB CHECK (key IS NULL OR length(key) = 32), revision INTEGER NOT NULL DEFAULT 0, feed_generation INTEGER NOT NULL DEFAULT 0, gathering INTEGER NOT NULL DEFAULT 0 CHECK (gathering IN (0, 1)), halted TEXT, restored INTEGER NOT NULL DEFAULT 0 CHECK (restored IN (0, 1))) STRICT;
INSERT INTO "replica" VALUES(1,'hub',X'6D7A04E6C6E30DCC4D2C10FEB16103CC5EC50E43111088F1CEFDCD26F93FEE95',159472906176770,1,'hub','Märkischer Kreis','05962','Märkischer Kreis','https://127.0.0.1:8443',NULL,'2.1 988f0dd25db7a1278f927a3ee5d449375bce9c84632a1ea0341472fe679a3e3a',X'FA984ABD108C87C4CBEE7422D87A60AF76D4DCBE5F333F1DA34E704DE6D494B2',4,1,0,NULL,0);
CREATE TABLE "request_answer" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "merged_into" TEXT, "distinct_from" TEXT, "request_id" TEXT, "status" TEXT, "answer" TEXT, "question_number" INTEGER) STRICT;
CREATE TABLE "role_assignment" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "merged_into" TEXT, "distinct_from" TEXT, "contact_id" TEXT, "role" TEXT, "organization_id" TEXT, "network_id" TEXT, "working_group_id" TEXT, "service_id" TEXT, "municipality_id" TEXT, "deputy_for_id" TEXT, "responsibility" TEXT, "working_hours" TEXT, "valid_from" TEXT, "valid_to" TEXT, "restricted" INTEGER) STRICT;
CREATE TABLE "schedule" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "merged_into" TEXT, "distinct_from" TEXT, "organization_id" TEXT, "location_id" TEXT, "service_id" TEXT, "service_at_location_id" TEXT, "contact_id" TEXT, "rrule" TEXT, "dtstart" TEXT, "opens_at" TEXT, "closes_at" TEXT, "timezone" TEXT, "valid_from" TEXT, "valid_to" TEXT, "exdates" TEXT, "closed_in_school_holidays" INTEGER, "description" TEXT, "attending_type" TEXT, "schedule_link" TEXT, "room" TEXT, "registration" TEXT, "registration_phone" TEXT, "registration_contact_id" TEXT) STRICT;
CREATE TABLE "school_holiday" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "merged_into" TEXT, "distinct_from" TEXT, "name" TEXT, "first_day" TEXT, "last_day" TEXT) STRICT;
CREATE TABLE "service" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "merged_into" TEXT, "distinct_from" TEXT, "name" TEXT, "alternate_name" TEXT, "organization_id" TEXT, "description" TEXT, "status" TEXT, "audience" TEXT, "minimum_age" INTEGER, "maximum_age" INTEGER, "from_pregnancy" INTEGER, "eligibility_description" TEXT, "access" TEXT, "application_process" TEXT, "anonymous" INTEGER, "outreach" INTEGER, "free_of_charge" INTEGER, "fees_description" TEXT, "languages" TEXT, "interpretation_services" TEXT, "categories" TEXT, "keywords" TEXT, "url" TEXT, "email" TEXT, "phone" TEXT, "capacity" INTEGER, "frequency" TEXT, "place_description" TEXT, "valid_from" TEXT, "valid_to" TEXT, "alert" TEXT, "accreditations" TEXT, "network_id" TEXT, "assurer_email" TEXT) STRICT;
CREATE TABLE "service_area" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "merged_into" TEXT, "distinct_from" TEXT, "name" TEXT, "service_id" TEXT, "service_at_location_id" TEXT, "organization_id" TEXT, "municipalities" TEXT, "district" TEXT, "description" TEXT, "extent" TEXT, "extent_type" TEXT, "uri" TEXT) STRICT;
CREATE TABLE "service_at_location" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "merged_into" TEXT, "distinct_from" TEXT, "service_id" TEXT, "location_id" TEXT, "description" TEXT, "room" TEXT) STRICT;
CREATE TABLE set_aside (
  branch INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  record INTEGER, -- NULL: a control entry
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  body BLOB NOT NULL,
  block BLOB,
  commitment BLOB,
  PRIMARY KEY (branch, sequence)
) STRICT;
CREATE TABLE signature (
  log INTEGER NOT NULL,
  last INTEGER NOT NULL, -- the signed head's sequence
  signature BLOB NOT NULL,
  PRIMARY KEY (log, last)
) STRICT, WITHOUT ROWID;
INSERT INTO "signature" VALUES(1,1,X'605EC75D2D8E96F2AD7954193CE70506D9BE32D4DF0A874DC59A1A293F387D392D7E9AE7F8721F2DF285BE4DCFB1F4EDDC2B11FAEE3F966C531617113A2CC008');
INSERT INTO "signature" VALUES(1,2,X'43BE143184B1BD1A0C2FA28D291874B2C5613284A189DE52C5F50DAD31219FF8095D68EE00C6E9AAFED5BE72A3123EBB2CB593C52DC424944EFD904B3792B102');
INSERT INTO "signature" VALUES(1,3,X'332A452CD9EE3A565735B1965D68CE2A33F86CF6119EEFBE9C90C1E2DE59962FCF4DB0C3EC4447EBF8D66C29A713B52E33E1709249C26373E44ABF574EC90A0D');
INSERT INTO "signature" VALUES(1,4,X'B70295ADBF13075297A98210A8600147A70D1D59461B55FF004F38D0C7CDEEB40B5F559FB50E38BE467671D5CC2A4A2043AEF4A26C88F5153EB4688C11FAF20C');
INSERT INTO "signature" VALUES(1,5,X'AE2C1F4A885C8A691140D5ECB7989090F58704759D1605213DB6C8DB88E597008D40BECB6C128AD66E0F55D8432B747B45D2965CBE63050AAEC6A469DED80201');
INSERT INTO "signature" VALUES(1,6,X'812D55729A89F5BA434D6FDDA01C7116141B6E502CA4E92CAF6D8AA443E6F1E4D6ED9A8948C393F4535FE06B19272A6267C2B0ED9B904FB01EB0E52022637D0E');
INSERT INTO "signature" VALUES(2,4,X'92A97BBC10DBFFE5F3F43A869A78BE8DF6F810440693413940ADC802ED84B9552BE1C5EDB327616FB6F9A1CEE48DA98F4CE67141FD04F2EF19D02034F5701906');
INSERT INTO "signature" VALUES(2,7,X'FEB02CC897EFFFAF91206D101C4D1854697E02D2DCA32FC7EF8466C813A32B5837EC69899F72D27EB1AD686CCD20538F7124191824613B4A78E0BE428DEE1F0E');
INSERT INTO "signature" VALUES(3,1,X'21B99DF22194720B649D9FA93CCE14FE45A2F46ACC0FF9962B47E4061924057BD187829CD9F49C19F868813B73372AAD56EBD490F2CE7BD5828379CBF07FD201');
INSERT INTO "signature" VALUES(4,1,X'111AE38599B2A15251C39BD16EE25FAAD0B978999640717EC705A4A6689BD228A4F0FD76888D0807E7FDB2EA27B05E9E225F630F6D6AA966930583D1BA6F3B09');
CREATE TABLE statement (
  member INTEGER NOT NULL,
  scope INTEGER NOT NULL,
  town INTEGER NOT NULL,
  position INTEGER NOT NULL,
  at INTEGER NOT NULL, -- seconds since 1970, as the member says
  software TEXT NOT NULL,
  statement BLOB NOT NULL,
  signature BLOB NOT NULL,
  PRIMARY KEY (member, scope, town)
) STRICT, WITHOUT ROWID;
CREATE TABLE tally (
  name TEXT PRIMARY KEY,
  count INTEGER NOT NULL,
  mark BLOB NOT NULL CHECK (length(mark) = 16)
) STRICT, WITHOUT ROWID;
INSERT INTO "tally" VALUES('conflict',1,X'E360904767EA64CDBF5791AB853E0796');
INSERT INTO "tally" VALUES('control',4,X'FBAEF1F84B9809B353DA8B3D6CBB0CDC');
INSERT INTO "tally" VALUES('feed 1 0',9,X'7C55BDC90C799AE4BE39AABB04865741');
INSERT INTO "tally" VALUES('feed 3 209918902756750',1,X'2D2287FEE533DA3A98FEED3A9655677D');
INSERT INTO "tally" VALUES('kind 1',1,X'E360904767EA64CDBF5791AB853E0796');
INSERT INTO "tally" VALUES('log',4,X'7068982DAA564CD8E817467392E9738A');
INSERT INTO "tally" VALUES('record',3,X'6F10A982BD0BC4C1CBFF5346D2C18885');
CREATE TABLE "taxonomy_term" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "merged_into" TEXT, "distinct_from" TEXT, "name" TEXT, "code" TEXT, "description" TEXT, "synonyms" TEXT, "parent_id" TEXT, "taxonomy" TEXT, "language" TEXT, "term_uri" TEXT) STRICT;
CREATE TABLE "working_group" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "merged_into" TEXT, "distinct_from" TEXT, "name" TEXT, "description" TEXT, "task" TEXT, "networks" TEXT, "chair_id" TEXT, "contacts" TEXT, "organizations" TEXT, "reports_to" TEXT, "frequency" TEXT, "valid_from" TEXT, "valid_to" TEXT, "status" TEXT) STRICT;
CREATE INDEX "address_external_id"
ON "address" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "change_request_external_id"
ON "change_request" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "contact_external_id"
ON "contact" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "document_external_id"
ON "document" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX entry_short ON entry (record) WHERE length(body) <= 32;
CREATE INDEX entry_of_control ON entry (entry) WHERE record IS NULL;
CREATE INDEX entry_of_record ON entry (record) WHERE record IS NOT NULL;
CREATE INDEX feed_of_log ON feed (log, last);
CREATE INDEX "indicator_external_id"
ON "indicator" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "location_external_id"
ON "location" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "municipality_external_id"
ON "municipality" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "network_external_id"
ON "network" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "network_meeting_external_id"
ON "network_meeting" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "network_membership_external_id"
ON "network_membership" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "organization_external_id"
ON "organization" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "phone_external_id"
ON "phone" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "policy_external_id"
ON "policy" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "publication_external_id"
ON "publication" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX record_hidden ON record (deleted, kind) WHERE shown = 0 AND kind > 0;
CREATE INDEX record_in_conflict ON record (record) WHERE conflicts > 0;
CREATE INDEX "request_answer_external_id"
ON "request_answer" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "role_assignment_external_id"
ON "role_assignment" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "schedule_external_id"
ON "schedule" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "school_holiday_external_id"
ON "school_holiday" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "service_area_external_id"
ON "service_area" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "service_at_location_external_id"
ON "service_at_location" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "service_external_id"
ON "service" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX set_aside_of_record ON set_aside (record) WHERE record IS NOT NULL;
CREATE INDEX "taxonomy_term_external_id"
ON "taxonomy_term" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "working_group_external_id"
ON "working_group" (external_id) WHERE external_id IS NOT NULL;
COMMIT;
