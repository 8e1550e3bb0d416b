BEGIN TRANSACTION;
CREATE TABLE paragon_sync_answers (
	run VARCHAR(64) NOT NULL, 
	number INTEGER NOT NULL, 
	opened_monotonic DOUBLE NOT NULL, 
	closed DOUBLE NOT NULL, 
	closed_monotonic DOUBLE NOT NULL, 
	PRIMARY KEY (run, number, opened_monotonic)
)
 WITHOUT ROWID

;
INSERT INTO "paragon_sync_answers" VALUES('20261130-234343-4d8c',0,3113.62300848,1.79608222334046268458e+09,3113.637314772);
INSERT INTO "paragon_sync_answers" VALUES('20261130-234343-4d8c',1,3113.63779236,1.79608222334649014467e+09,3113.643342405);
INSERT INTO "paragon_sync_answers" VALUES('20261130-234343-4d8c',2,3113.624305716,1.79608222333852744108e+09,3113.635379718);
INSERT INTO "paragon_sync_answers" VALUES('20261130-234343-4d8c',3,3113.635634498,1.79608222334390831001e+09,3113.640760572);
INSERT INTO "paragon_sync_answers" VALUES('20261130-234343-4d8c',4,3113.619589281,1.79608222333617544171e+09,3113.633027416);
CREATE TABLE paragon_sync_attempts (
	run VARCHAR(64) NOT NULL, 
	number INTEGER NOT NULL, 
	attempt INTEGER NOT NULL, 
	preimage TEXT NOT NULL, 
	requests TEXT NOT NULL, 
	sent VARCHAR(40) NOT NULL, 
	enabled TEXT, 
	opened DOUBLE NOT NULL, 
	opened_monotonic DOUBLE NOT NULL, 
	PRIMARY KEY (run, number, attempt)
);
INSERT INTO "paragon_sync_attempts" VALUES('20261130-234343-4d8c',2,1,'{"plan":"pro","Name":"Acme"}','[{"type":"PatchMeta","meta":{"plan":"enterprise","Name":"Acme"}}]','2026-11-30T23:43:43.329+00:00','[{"credential":"c1","configuration":null,"workflow":"wf-notify"}]',1.79608222332745337481e+09,3113.624305716);
INSERT INTO "paragon_sync_attempts" VALUES('20261130-234343-4d8c',0,1,'{"plan":"pro","Name":"Acme"}','[{"type":"PatchMeta","meta":{"plan":"enterprise","Name":"Acme"}}]','2026-11-30T23:43:43.329+00:00','[{"credential":"c1","configuration":null,"workflow":"wf-notify"}]',1.79608222332615637779e+09,3113.62300848);
INSERT INTO "paragon_sync_attempts" VALUES('20261130-234343-4d8c',4,1,'{"sharedSettings":{"channel":"C1","note":"mine","n":1},"configuredWorkflows":{"wf-notify":{"enabled":true,"settings":{"prefix":"Hi"}}}}','[{"type":"PatchConfig","credential":"c1","configuration":null,"config":{"sharedSettings":{"channel":"C3","note":"mine","n":1,"frequency":"daily"},"configuredWorkflows":{"wf-notify":{"enabled":true,"settings":{"prefix":"Hi"}}}}}]','2026-11-30T23:43:43.329+00:00',NULL,1.79608222332273697848e+09,3113.619589281);
INSERT INTO "paragon_sync_attempts" VALUES('20261130-234343-4d8c',3,1,'{"sharedSettings":{"channel":"C1","note":"mine","n":1},"configuredWorkflows":{"wf-notify":{"enabled":true,"settings":{"prefix":"Hi"}}}}','[{"type":"PatchConfig","credential":"c1","configuration":null,"config":{"sharedSettings":{"channel":"C2","note":"mine","n":1},"configuredWorkflows":{"wf-notify":{"enabled":false,"settings":{"prefix":"Hi"}}}}}]','2026-11-30T23:43:43.341+00:00',NULL,1.79608222333878231056e+09,3113.635634498);
INSERT INTO "paragon_sync_attempts" VALUES('20261130-234343-4d8c',1,1,'{"sharedSettings":{"channel":"C1","note":"mine","n":1},"configuredWorkflows":{"wf-notify":{"enabled":true,"settings":{"prefix":"Hi"}}}}','[{"type":"PatchConfig","credential":"c1","configuration":null,"config":{"sharedSettings":{"channel":"C2","note":"mine","n":1},"configuredWorkflows":{"wf-notify":{"enabled":false,"settings":{"prefix":"Hi"}}}}}]','2026-11-30T23:43:43.341+00:00',NULL,1796082223.34094,3113.63779236);
CREATE TABLE paragon_sync_entries (
	run VARCHAR(64) NOT NULL, 
	number INTEGER NOT NULL, 
	user_id TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	managed TEXT NOT NULL, 
	PRIMARY KEY (run, number)
);
INSERT INTO "paragon_sync_entries" VALUES('20261130-234343-4d8c',2,'"globex"','{"type":"MetadataSubject"}','[{"target":{"type":"MetadataKey","key":"plan"},"label":"plan","desired":"enterprise","base":"pro","origin":"metadata","source":"users.yaml","secret":false,"blank":[],"read":false}]');
INSERT INTO "paragon_sync_entries" VALUES('20261130-234343-4d8c',0,'"acme"','{"type":"MetadataSubject"}','[{"target":{"type":"MetadataKey","key":"plan"},"label":"plan","desired":"enterprise","base":"pro","origin":"metadata","source":"users.yaml","secret":false,"blank":[],"read":false}]');
INSERT INTO "paragon_sync_entries" VALUES('20261130-234343-4d8c',4,'"initech"','{"type":"ConfigurationSubject","integration":"slack","credential":"c1","account":"T-c1","configuration":null,"name":null}','[{"target":{"type":"Setting","input":"channel"},"label":"Channel","desired":"C3","base":"C1","origin":"settings","source":"users.yaml","secret":false,"blank":[],"read":false},{"target":{"type":"Setting","input":"frequency"},"label":"Frequency","desired":"daily","origin":"defaults","source":"users.yaml","secret":false,"blank":[],"read":false}]');
INSERT INTO "paragon_sync_entries" VALUES('20261130-234343-4d8c',3,'"globex"','{"type":"ConfigurationSubject","integration":"slack","credential":"c1","account":"T-c1","configuration":null,"name":null}','[{"target":{"type":"Setting","input":"channel"},"label":"Channel","desired":"C2","base":"C1","origin":"settings","source":"users.yaml","secret":false,"blank":[],"read":false},{"target":{"type":"WorkflowEnabled","workflow":"wf-notify"},"label":"Send Slack Notification","desired":false,"base":true,"origin":"workflows","source":"users.yaml","secret":false,"blank":[],"read":false}]');
INSERT INTO "paragon_sync_entries" VALUES('20261130-234343-4d8c',1,'"acme"','{"type":"ConfigurationSubject","integration":"slack","credential":"c1","account":"T-c1","configuration":null,"name":null}','[{"target":{"type":"Setting","input":"channel"},"label":"Channel","desired":"C2","base":"C1","origin":"settings","source":"users.yaml","secret":false,"blank":[],"read":false},{"target":{"type":"WorkflowEnabled","workflow":"wf-notify"},"label":"Send Slack Notification","desired":false,"base":true,"origin":"workflows","source":"users.yaml","secret":false,"blank":[],"read":false}]');
CREATE TABLE paragon_sync_format (
	version VARCHAR(16) NOT NULL, 
	sealing TEXT, 
	PRIMARY KEY (version)
);
INSERT INTO "paragon_sync_format" VALUES('2',NULL);
CREATE TABLE paragon_sync_locks (
	project TEXT NOT NULL, 
	environment TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	PRIMARY KEY (project, environment)
);
CREATE TABLE paragon_sync_runs (
	run VARCHAR(64) NOT NULL, 
	plan_digest VARCHAR(64) NOT NULL, 
	header TEXT NOT NULL, 
	started VARCHAR(40) NOT NULL, 
	finished VARCHAR(40), 
	stopped TEXT, 
	rolled_back_by VARCHAR(64), 
	resumed TEXT, 
	PRIMARY KEY (run)
);
INSERT INTO "paragon_sync_runs" VALUES('20261130-234343-4d8c','c55d186a9225303a963d82be399411ada408974806cbfc651298a7b966f77a32','{"run":"20261130-234343-4d8c","plan_digest":"c55d186a9225303a963d82be399411ada408974806cbfc651298a7b966f77a32","environment":"test","project":"7d1c2a5e-4b0f-4f7e-9d43-2a6f0c1e8b55","actor":"ada","started":"2026-11-30T23:43:43.312+00:00","allowed":{},"finished":null,"message":"First run","ci_url":null,"stopped":null,"rolls_back":null,"rolled_back_by":null,"operations":5,"resumed":[]}','2026-11-30T23:43:43.312+00:00','2026-11-30T23:43:43+00:00',NULL,NULL,NULL);
CREATE TABLE paragon_sync_states (
	run VARCHAR(64) NOT NULL, 
	number INTEGER NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	outcome TEXT, 
	PRIMARY KEY (run, number)
)
 WITHOUT ROWID

;
INSERT INTO "paragon_sync_states" VALUES('20261130-234343-4d8c',0,'applied','{"type":"Applied","notes":[],"alarms":[],"resolved":false,"side_effects":[],"overwritten":[],"switched_off":[],"enabled":0}');
INSERT INTO "paragon_sync_states" VALUES('20261130-234343-4d8c',1,'applied','{"type":"Applied","notes":[],"alarms":[],"resolved":false,"side_effects":[],"overwritten":[],"switched_off":[],"enabled":0}');
INSERT INTO "paragon_sync_states" VALUES('20261130-234343-4d8c',2,'applied','{"type":"Applied","notes":[],"alarms":[],"resolved":false,"side_effects":[],"overwritten":[],"switched_off":[],"enabled":0}');
INSERT INTO "paragon_sync_states" VALUES('20261130-234343-4d8c',3,'applied','{"type":"Applied","notes":[],"alarms":[],"resolved":false,"side_effects":[],"overwritten":[],"switched_off":[],"enabled":0}');
INSERT INTO "paragon_sync_states" VALUES('20261130-234343-4d8c',4,'applied','{"type":"Applied","notes":[],"alarms":[],"resolved":false,"side_effects":[],"overwritten":[],"switched_off":[],"enabled":0}');
CREATE INDEX ix_paragon_sync_runs_plan_digest ON paragon_sync_runs (plan_digest);
COMMIT;
