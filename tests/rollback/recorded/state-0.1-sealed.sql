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
INSERT INTO "paragon_sync_answers" VALUES('20261130-234345-f385',0,3115.954893141,1.79608222566953659054e+09,3115.966388782);
INSERT INTO "paragon_sync_answers" VALUES('20261130-234345-f385',1,3115.966617556,1.79608222567318773265e+09,3115.970040176);
INSERT INTO "paragon_sync_answers" VALUES('20261130-234345-f385',2,3115.955010057,1.79608222567009615899e+09,3115.966948357);
INSERT INTO "paragon_sync_answers" VALUES('20261130-234345-f385',3,3115.967123391,1.79608222567368674277e+09,3115.970539008);
INSERT INTO "paragon_sync_answers" VALUES('20261130-234345-f385',4,3115.952579458,1.79608222566310501101e+09,3115.959957324);
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
INSERT INTO "paragon_sync_attempts" VALUES('20261130-234345-f385',4,1,'~C59hsF5py6durhyTElT8IRzyC5ct46AM40PX9X2IBKtClyklB5g8cyqM0zPm5ekUkQ6weVhYYRU0nIgINMbY0/SQlXiHiITr26f2LJ/gWt1KSg2A3ZVDSmUiSlkd+d8Pkmt23e7vEl93yarKRLEu85HerE174C0yzEJsLBnbEgUz/RdNB4rSlLrEy+DY58hf0GsN3+XStLfQ2QdfeZwlFGrpeA==','~MqgC1VwkGvIA+1eSh1kw47G/3XvOimaa3fI3soxFIUlKg9aLw4nunchsM6/xdTXfts+aAsP/sYr8hCjZdX8Ks743a1TC+Lw+NajVAcKmIVHNjTxGyc0e6OoG4jz+p7McrXB7MnoPIyCR1sm2n2NJYKYA0JrpttO8EtGG0oYDuvIiG0cUpE5+x+SQZmsszBxkQbFWXq+oBEu53wvBSXnX/nC5gT6NFEwGNcKU8zSX/YvNxLXj/xjwNSiWwzPDzuLwJ+TF0hcR4OdV/T538Ynn2y14HqpGTa69pTSqhd8FvXVcZ9b/83nY82hkc8IY6lnHDFYbH7DpY77aguGwZXzRQQ==','2026-11-30T23:43:45.659+00:00',NULL,1.79608222565572714802e+09,3115.952579458);
INSERT INTO "paragon_sync_attempts" VALUES('20261130-234345-f385',0,1,'~wGX5y49/Q8ASeWwRgLvBwxjYDha5ezkkDc9GXh3ZfQ8XsQy4ujgjz0L5miqNpi6LjUIJuwZN7hQ=','~qkHjxGBvnlG8Gv7Nei4OfXBa/fI3ja2IjJRdyBpFMlaMN1FafhaJbVgPv3LoGTuxBv3j0GmUcQ4ZU9PFKRiiZ7FNP/nPmbtQNhCgCRArFuxLCHq4NgyO5sPaTmEF','2026-11-30T23:43:45.660+00:00','[{"credential":"c1","configuration":null,"workflow":"wf-notify"}]',1.79608222565804076195e+09,3115.954893141);
INSERT INTO "paragon_sync_attempts" VALUES('20261130-234345-f385',2,1,'~XZUHdA0Rn68hvpkvldGbRm5jKeWNEs0TKDZe9OdY+HgJIsoKXCdKc+Uhr2qyPrL5tbBPEqHOGgs=','~+vuTxpmqVDGX+ZgqOXZEiiF/ZlLiFrKKHLMUYRu8zqpVp3JtHolBsXzEiGdR6a3Tf9z+JS8dVv0MWkMgha6/JarWZ05aDkRQErNMNWLsu9y7ALCKbxMBoMRhQQ6p','2026-11-30T23:43:45.661+00:00','[{"credential":"c1","configuration":null,"workflow":"wf-notify"}]',1.79608222565815782542e+09,3115.955010057);
INSERT INTO "paragon_sync_attempts" VALUES('20261130-234345-f385',1,1,'~kSK2qHwuV96I0Zt91sC03jLwbMv3hDZUaVo4bbPFKVrZYfKsOnmloImiEIpRtje+FlgiIIK3JH/hvuva65zb1/cmR+LKCu0IWAXKh7W3MDA+xwFsmm1RZI2/7rXLMv6m88QYF1ETOXyJD7sL0jZreOWXmTOnsfpso943kit1Hx0sE5XBv36sph5kJBJNqNd7nJLSBypeEYDYzPTXlh6XWWbEow==','~0oacfA47YOPYkp5HdaZjVSLLQgWMWhNA2T87bRjDrsCvKCNezC23mtbBHSRlyAUthhdZin/N/LdifNfLZmfpwm9IcmXpMPX8MGPCM23ipobUcJCeSl9YfJEDEniyY5qw7qSOFUlPeYwwbmrPLgnztGh9sR/t1E7fQNtRSajmgrQL/ZP5nUZWvyT8N+oXnWXdVGob2rCic+feNMMdAByaKYcjciUIZfzDUZ6kXPaUisrp/pyubADriRLNiVns3+Y9WppSuJou4kKAllvESuvo+C5yodt3dtwmYT4HGWXrtICotQXH/gGEdRIzFMwB','2026-11-30T23:43:45.671+00:00',NULL,1.79608222566976547243e+09,3115.966617556);
INSERT INTO "paragon_sync_attempts" VALUES('20261130-234345-f385',3,1,'~27H10AVH0yphojZ9Tz6fi1KworFLP3hAl+RDfW8T9wu+LJs/+lSFQTHOWMWDWd+Yra4poO/OpmSOSZdDGwmcIJPFRik84HZZwv9PAqPhPeYcz8V1wCnGMzF6E1aUDB0NjmjuTrbU+HiuxxVUVazSp7wE7+KiorUQjqkfekKOyJfDmkKnL692rh+hE3Yu1VIl7yG9djn4n2NuOqc6NCAW7pLPmA==','~7+FAnRBuU/ZpBSNJeJ+qkQczy9uZU7zGlp9u6WEkTMOh0rBfMje431UB/1KX3cwbpONqVoVcTz0+5GYBTDgfSPq8OVSacFI4g0UYlAciR8pXJnBfgHI8qwfTlpfEr3TPpBdmal4t62fLp5uJuU1J2ypSqc8B/E5LjeWd0D+f6DcH2yGmJOYV6O+r5iLFdtcmz0i4vnU1BAAda6egr8Mn4n46RbkWmiS9NIhHkmpAIpnNbR9z3AwZdqyyTU06kTP+Q6qkdLh8HeUW2KUdTkB/zf2xxRsjGaXyA93/YEPMwebQAT6juJap1GyqKNdj','2026-11-30T23:43:45.671+00:00',NULL,1.7960822256702709198e+09,3115.967123391);
CREATE TABLE paragon_sync_entries (
	run VARCHAR(64) NOT NULL, 
	number INTEGER NOT NULL, 
	user_id TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	managed TEXT NOT NULL, 
	PRIMARY KEY (run, number)
);
INSERT INTO "paragon_sync_entries" VALUES('20261130-234345-f385',4,'"initech"','{"type":"ConfigurationSubject","integration":"slack","credential":"c1","account":"T-c1","configuration":null,"name":null}','~wG1R7ysHECBUZl6FCsAZAOJlYXmLRabPfwIU5pwXgsn5xigVHfQoP+V010M4/okD6kbYOIudS9aKdJ1G+oP3VT5XV8SXJ6WJR8frxFesz9Jb8q1m04/ryGBf1n1lm7nsQs3tclcLi/Wndj8RgNBh2xcoexxFPE7WV6gLXNXCXfBqJ/ulMTLXYG9hgJNqzkLYHKwKYi0S7RFO7o4PPiAZxR56lXQfCt8i63ThtZ26p7lubPKDFMaUIzJZqhyQAI14dWTAA2DfG8+ZL2kaGoMM+rereBiEDwqq2CK+bo89f4xldKgkdGgOdhEMPM1Y56cS01COnrHDVr2YdMnonoZYOFwP38L0SVs6p2AnGYhsnd05IwqzpZVeEUHotiDitUbn5Cz4x8KW5nczxABPRsR8KVuFcFSaM1qajsjU3/E4YYoc2zfz8VB0MSxMBOYVkxuJFp5uk7alELcXwbXl/BTdBjFlol6/7FMs+gNiCnyiIMEMqvXj');
INSERT INTO "paragon_sync_entries" VALUES('20261130-234345-f385',0,'"acme"','{"type":"MetadataSubject"}','~CaXREDLN1ZAopM+4FS+FS42NXDrWuUmFw4rLWmsjZA7hjgr6EQ0WmdXaQqtUls/NhFL0qmCZQ6O6ek02vQG2ToES6Sy4aNHa2CvoKlmmXyKMDrWIHDhuvMWdgOUjQcikmVrvPLomS7enK8214inpkADhlH/haY8yW8JTT0YSR00n2SzFlrc0JsssidCOeGv3lyu5YogMvym4lsGOmlbAb7m0xufvQLkdsIjSRuwEhvIoDCmpqLM9TpDFUQDtnHemO5wLBaZ4/2uoPB9zwDy6BQ==');
INSERT INTO "paragon_sync_entries" VALUES('20261130-234345-f385',2,'"globex"','{"type":"MetadataSubject"}','~k6PjFFctaMjWfNmbYQ1VFnRkFHySJNac45+Ak6Ok6GYewmVIbDBYUY44/N5O4hBmSEozGkuykwzJErA7TYBqGTTzpwBo2zPpCSHDlPZci7Mp7nJcc3bqcY7+JlL9GVUzxqaHzTzhO3uaMCeZKeUTy38ZtuTrLvfTCWRKm7XIOaYPpKoSwQoPgAXGfiGOV1DxviKASmlEGxXcLtu19Sr5shhFQ+rWPPObl2SiF4kJ2yvd7XhqafQOPxD0jRdEyqUqnktzXuKEtq157XlHJ+3ypg==');
INSERT INTO "paragon_sync_entries" VALUES('20261130-234345-f385',1,'"acme"','{"type":"ConfigurationSubject","integration":"slack","credential":"c1","account":"T-c1","configuration":null,"name":null}','~nLiW3/OM3aaA16EHqMNKWJFxgwG3yuE67gKebFXljETAbFBE7oIXP772HOnu87dqWJr2PXrTIedJUAcaLE8YZUORZAvV0W0e3Cp97PqTEDkL4XcZ6HF18ATOcAlKCLIruVVtY42LlfnrE3FWPjIrqacFfpi67VnRXvc6E/cn5sdH4VZS6IVvumwxkat7hVPEnku2T51PK6Mjw0Br7Rx1PxVE6saZojzqiZL+lX0jXYflLFXpxA77RljjS6QEXQMR79OGN7rsz998ScOe8dQekVstwHI1dpuY/xS/PD3EdbYtjdOwovGTJ5QlUgsyJJ8DaBhkiaiPhpUN042iNu77mkTRHcJu1nfuxhZMnZYqnYw84HT6a706ElX9wGxlFpW3tBvOh2izwA6fxhEEbR9CRe33rOMhG3HLNsOxcvMR40CBO2q/QNpdnx39jpgccdvOdEN3occ1kRNcibtZDB3iTRcxOeYHwiuBATTwvYWgQWRMDoGK7HPZtr2xm3KNnKcuwddl8lLwC6K7lO5cgRZA58LJX2jl+YYF');
INSERT INTO "paragon_sync_entries" VALUES('20261130-234345-f385',3,'"globex"','{"type":"ConfigurationSubject","integration":"slack","credential":"c1","account":"T-c1","configuration":null,"name":null}','~+yGW8ZW9zfy1YQqD5yoIwXInJPbb83LnxBryvwjaHR+QhSMPjEfrX85VYDSxdES6JPD4afEPUDxzu8A2tlmg9YhYgwX1snRGPeo4mjM577CydbF/DcDfTAzwSWn2WmS8GAqAU4ebG3Edfx7y7oSJl+5klycyeiqTNXFFTQh79/m7qDINWd3nk7/GMjEnHvAUyyTEHQtZm0wxLAzFkSRbZH7JBFl01CbMj8fGCIBFa0EgIA/J3D1VfvJNpaURCraQMhZwCPB+/JzTCbS/wAWFMZcL30PpHKclIPjEUaQHROrc9DEw8ecVAOR1LZ8wr+R8HvCK42IqAcPkC2nsczLKk54r5JCWjE6zdr2WzS7cDA5GQVISpAidaBiprIj6xTDkbS2Od6TyPb7qco1C1MLjwildDERGJJuIF15u9tva77qPTIbjlXCm75WZqiTDdOnM2ukI2Y/DyZhS4Yko6eojH4YSlMPswGoMDeBNg7ttFEBIP+4KTkqMcnLS9gA43dIZ9IC2mTEUQKWhVwC07JBweOlzvtlQhBOU');
CREATE TABLE paragon_sync_format (
	version VARCHAR(16) NOT NULL, 
	sealing TEXT, 
	PRIMARY KEY (version)
);
INSERT INTO "paragon_sync_format" VALUES('2','q6ukBCrosRr4WyaC6Sbxcg== 94GBlzemFS32VqamRRjwkokpGMosq3VyXaHu7QCOvxeuOJEMVVePbA==');
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
INSERT INTO "paragon_sync_runs" VALUES('20261130-234345-f385','e8d354ea1cb1cba4e67035ef6641927ac94056b319f4cba6e0d4a8d50640ae10','{"run":"20261130-234345-f385","plan_digest":"e8d354ea1cb1cba4e67035ef6641927ac94056b319f4cba6e0d4a8d50640ae10","environment":"test","project":"7d1c2a5e-4b0f-4f7e-9d43-2a6f0c1e8b55","actor":"ada","started":"2026-11-30T23:43:45.645+00:00","allowed":{},"finished":null,"message":"First run","ci_url":null,"stopped":null,"rolls_back":null,"rolled_back_by":null,"operations":5,"resumed":[]}','2026-11-30T23:43:45.645+00:00','2026-11-30T23:43:45+00:00',NULL,NULL,NULL);
CREATE TABLE paragon_sync_states (
	run VARCHAR(64) NOT NULL, 
	number INTEGER NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	outcome TEXT, 
	PRIMARY KEY (run, number)
)
 WITHOUT ROWID

;
INSERT INTO "paragon_sync_states" VALUES('20261130-234345-f385',0,'applied','~7LhPmOL4Wd1+9TMHKMUO8fbvhWkZp/+iSoUFYuwlYIOhC924EvcEOT8f5REpUI0L7LU9NXSBXGq+qOin098dAJPmzRGirKcMGJPDqXCYpoBjrI8lZB/yvkK9FCeYppbNM9zkxlmkHg+e1Q/HKtnd1cuF5s0dXlAy1udOEyBAkTsxtIqi4ACBlDpMB9prGogeJbMu1bo2Cg==');
INSERT INTO "paragon_sync_states" VALUES('20261130-234345-f385',1,'applied','~LKeDCzOalHGdS36GXr5cMQw7MYP1r5HY0Ba966/nXcU7K1i19mEQ4Q03SyUxlKVM6QxbO2a1nRn8p7kxDjXi6NgVVaV2Z1pJPP+iIGsOrbh4F54Ih73zuVbtbJnlT313gOcmWqmiqqT7CBu1amrEvVBaPkxODNSoej3QIphRPBQj2VDIqaHKLvQlarYRGmmbd9xjRVJMMQ==');
INSERT INTO "paragon_sync_states" VALUES('20261130-234345-f385',2,'applied','~JwlPdW0hjE39THFuh8sBqQycdaIW/SIc4NYU4FjoOeKSoo6QrH63sMmw4xqdvQ9VTpqXHHugTbUm08nKe/JJIw0JvojgBk0tzf++Jd6uW1GgX9XUjn930dCK1kMReC0XHrn1GYikDzbaMmNyJyUKZy5BeXc5EtuL5618E+N+vwnXgpEh1OY6PL21NQWAHPp1yRpvVmGxkA==');
INSERT INTO "paragon_sync_states" VALUES('20261130-234345-f385',3,'applied','~DaQoFqQ/ueIuQ93XRbkGbsGyyHqD/IF08f8iApdp9KFL36bvRjYX6p6OmhiXQLx9K9hANBepyrRky27KBZKmoSqsklXKRfDEXC2pLGq/yde8fI6Q8RR5qGGxqm3c34f9kadlyFLHyMN7SEgFEJGVKAfIf2ALJoBeFD+cXn0ncdFsaudBeQ73CzHa1LX6pHcuyJD6nQg8RQ==');
INSERT INTO "paragon_sync_states" VALUES('20261130-234345-f385',4,'applied','~qTNGYTHkhIQaaeZtkTh1ppnx4oP3oOxXTRPtHTBEj2Fq5XnIrWoMx/UL6t9P7mGF0ic4xCAwxz1Bkjo/QwsbCI6/QlzwmZyWb/incj8inqHD2j12Iz6UpWi0vIeCYgDSrvp780vPJ3nnjq9kb1dpEUNYUBY+eyrGp7nsy5wV4yxdltFqMoKxsSGf485MhXxVPSPhonM19g==');
CREATE INDEX ix_paragon_sync_runs_plan_digest ON paragon_sync_runs (plan_digest);
COMMIT;
