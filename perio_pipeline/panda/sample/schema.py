"""The physical tables of the sample practice: the database that the bindings in `mappings/panda.yaml` describe.

Only names, types, keys and indexes are here. Keys are declared where PANDA would enforce them; foreign keys are not, so
that orphans can exist, and the chart tables have none, so that a tooth can be charted twice.
"""

from __future__ import annotations

from dataclasses import dataclass

MARKER = "SYNTHETIC"
STATEMENT = "Every person, record and number in this database is invented."
"""What the table of that name says, in every design."""

TYPES = {"t": "TEXT", "i": "INTEGER", "n": "NUMERIC", "d": "DATETIME", "b": "BLOB"}
"""Letter behind a column name → declared type. Dates are text `YYYY-MM-DD HH:MM:SS`, blobs are CP1252 bytes."""

_STAMPS = "DateEntered:d LastModified:d"
_SITES = ("MB", "B", "DB", "ML", "L", "DL")


@dataclass(frozen=True)
class PhysicalTable:
    """One table of the database.

    Attributes:
        name: its name.
        columns: (name, declared type), in order.
        key: primary key; empty where the source enforces none.
        indexes: columns that have an index of their own.
    """

    name: str
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()

    @property
    def column_names(self) -> tuple[str, ...]:
        """All column names, in order."""
        return tuple(name for name, _ in self.columns)

    def ddl(self) -> str:
        """Return the CREATE TABLE statement."""
        parts = [f'"{name}" {kind}' for name, kind in self.columns]
        if self.key:
            parts.append(f"PRIMARY KEY ({', '.join(self.key)})")
        return f'CREATE TABLE "{self.name}" ({", ".join(parts)})'

    def index_ddl(self) -> list[str]:
        """Return one CREATE INDEX statement per index."""
        return [f'CREATE INDEX "IX_{self.name}_{column}" ON "{self.name}" ("{column}")' for column in self.indexes]


def _table(name: str, columns: str, key: str = "", indexes: str = "") -> PhysicalTable:
    """Build a table from `Name` (text) and `Name:letter` words."""
    typed = (word.partition(":") for word in columns.split())
    return PhysicalTable(
        name,
        tuple((column, TYPES[letter or "t"]) for column, _, letter in typed),
        tuple(key.split()),
        tuple(indexes.split()),
    )


TABLES: dict[str, PhysicalTable] = {
    table.name: table
    for table in (
        _table(MARKER, "Statement Generator Seed:i Patients:i Today:d"),
        _table(
            "Account",
            "AccountNO Title FirstName LastName MiddleInitial Suffix Street Street2 City State Zip HomePhone WorkPhone"
            f" WorkPhoneExt {_STAMPS}",
            "AccountNO",
        ),
        _table(
            "Provider",
            f"ProvNo FirstName LastName ProvType NPI Email Phone OfficeCode IsHidden:i {_STAMPS}",
            "ProvNo",
        ),
        _table(
            "UserAccount",
            f"UserNo LoginName FirstName LastName Email JobTitle ProvNo IsDisabled:i PwHash {_STAMPS}",
            "UserNo",
        ),
        _table(
            "ReferDr",
            "RefdrID RefType RefdrTitle RefdrFirstName RefdrLastName RefdrDegree RefdrPractice RefdrNPI RefdrWorkPhone"
            " RefdrFax RefdrEmail RefdrWeb RefdrStreet RefdrStreet2 RefdrCity RefdrState RefdrZip IsHidden:i"
            f" {_STAMPS}",
            "RefdrID",
        ),
        _table(
            "Patient",
            "PatID AccountNO BridgePatID Title FirstName MiddleInitial LastName Suffix NickName Sex BirthDate:d"
            " PatStatus Email HomePhone CellPhone WorkPhone WorkPhoneExt NoContact:i OfficeCode ProvNo HygNo SmokeStat"
            f" CigsPerDay:i Diabetes:i HbA1c:n FirstVisit:d SSN {_STAMPS}",
            "PatID",
            "AccountNO",
        ),
        _table(
            "PatReferral",
            f"ReferralNo:i PatID RefdrID RefDirection RefDate:d IsPrimary:i Reason {_STAMPS}",
            "ReferralNo",
            "PatID",
        ),
        _table(
            "Visit",
            "VisitNo:i PatID ProvNo OfficeCode VisitDateTime:d LengthMin:i VisitType ProcDescript VisitStatus"
            f" VisitNote:b {_STAMPS}",
            "VisitNo",
            "PatID",
        ),
        _table("PerioExam", f"ExamNo:i PatID ProvNo ExamDate:d ExamType Remark {_STAMPS}", "ExamNo", "PatID"),
        _table(
            "PerioTooth",
            "ExamNo:i ToothNo:i ToothStat Mobility FurcB:i FurcL:i FurcM:i FurcD:i",
            indexes="ExamNo",
        ),
        _table(
            "PerioMeas",
            "ExamNo:i ToothNo:i " + " ".join(f"{kind}_{site}:i" for kind in ("PD", "GM", "BSPC") for site in _SITES),
            indexes="ExamNo",
        ),
        _table(
            "PerioDx",
            f"DxNo:i PatID ExamNo:i ProvNo DxDateTime:d AAPClass AAPGrade AAPExtent {_STAMPS}",
            "DxNo",
            "PatID",
        ),
        _table("ProcCode", f"ProcCode AbbrDesc TreatArea Category Fee:n {_STAMPS}", "ProcCode"),
        _table(
            "TxPlan",
            f"PlanNo:i PatID ProvNo Heading PlanStatus DatePresented:d DateAccepted:d Remark {_STAMPS}",
            "PlanNo",
            "PatID",
        ),
        _table(
            "TxPhase",
            "PhaseNo:i PlanNo:i PhaseOrder:i PhaseName PhaseStatus DateStarted:d DateCompleted:d",
            "PhaseNo",
            "PlanNo",
        ),
        _table(
            "TxItem",
            "ItemNo:i PlanNo:i PhaseNo:i ItemOrder:i ProcCode Descript SurfArea ToothRange FeeAmt:n ItemStatus"
            f" DateScheduled:d DateCompleted:d HealWeeks:i {_STAMPS}",
            "ItemNo",
            "PlanNo",
        ),
        _table(
            "InstaNote",
            f"NoteNo:i PatID VisitNo:i ProvNo NoteType NoteDateTime:d BodyFormat NoteBody:b {_STAMPS}",
            "NoteNo",
            "PatID",
        ),
        _table("LetterTemplate", f"TemplateNo TemplateName RecipientType TemplateRtf:b {_STAMPS}", "TemplateNo"),
        _table(
            "Letter",
            f"LetterNo:i PatID TemplateNo RefdrID PlanNo:i LetterDateTime:d Subject LetterFormat LetterRtf:b {_STAMPS}",
            "LetterNo",
            "PatID",
        ),
        _table(
            "ImageRef",
            f"ImageNo:i PatID ImageType DateTaken:d ToothRange FilePath FileBytes:i {_STAMPS}",
            "ImageNo",
            "PatID",
        ),
        _table(
            "InsPolicy",
            "PolicyNo:i PatID Ordinal:i CarrierName SubscriberNo GroupNo Relation DateEffective:d DateTerm:d"
            f" {_STAMPS}",
            "PolicyNo",
            "PatID",
        ),
        _table("InsCoverage", "PolicyNo:i CovClass CovPercent:i", "PolicyNo CovClass"),
        _table("RecallRule", "RuleNo:i RuleName AAPClass IntervalMonths:i VisitType IsActive:i", "RuleNo"),
        _table(
            "CustomFinding",
            "FindingNo:i PatID ExamNo:i ToothNo:i FindingName FindingValue DateRecorded:d",
            "FindingNo",
            "PatID",
        ),
        _table("Ledger", "LedgerNo:i AccountNO PatID EntryDate:d Descript Amount:n", "LedgerNo", "PatID"),
    )
}
"""Every table by name. `SYNTHETIC`, `Ledger`, `Patient.SSN` and `UserAccount.PwHash` are bound to nothing."""
