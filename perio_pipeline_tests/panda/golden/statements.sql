-- guarantor_account
SELECT [AccountNO], [Title], [FirstName], [LastName], [Street], [Street2], [City], [State], [Zip], [HomePhone], [WorkPhone], [WorkPhoneExt], CONVERT(varchar(27), [DateEntered], 121) AS [CONVERT_1], CONVERT(varchar(27), [LastModified], 121) AS [CONVERT_2] FROM [Account] ORDER BY CAST([AccountNO] AS NVARCHAR(60)) COLLATE Latin1_General_BIN2;
-- going on: WHERE (CAST([AccountNO] AS NVARCHAR(60)) COLLATE Latin1_General_BIN2) > ?  -- K7
SELECT count(*) AS count_1, max(CAST([AccountNO] AS NVARCHAR(60)) COLLATE Latin1_General_BIN2) AS max_1, max(CONVERT(varchar(18), CONVERT(binary(8), [RowVer]), 1)) AS max_2, max(CONVERT(varchar(27), [LastModified], 121)) AS max_3 FROM [Account];

-- provider
SELECT [ProvNo], [FirstName], [LastName], [ProvType], [NPI], [Email], [Phone], [IsHidden], CONVERT(varchar(27), [DateEntered], 121) AS [CONVERT_1], CONVERT(varchar(27), [LastModified], 121) AS [CONVERT_2] FROM [Provider] ORDER BY CAST([ProvNo] AS NVARCHAR(60)) COLLATE Latin1_General_BIN2;
-- going on: WHERE (CAST([ProvNo] AS NVARCHAR(60)) COLLATE Latin1_General_BIN2) > ?  -- K7
SELECT count(*) AS count_1, max(CAST([ProvNo] AS NVARCHAR(60)) COLLATE Latin1_General_BIN2) AS max_1, max(CONVERT(varchar(18), CONVERT(binary(8), [RowVer]), 1)) AS max_2, max(CONVERT(varchar(27), [LastModified], 121)) AS max_3 FROM [Provider];

-- staff_user
SELECT [UserNo], [LoginName], [FirstName], [LastName], [Email], [JobTitle], [ProvNo], [IsDisabled], CONVERT(varchar(27), [DateEntered], 121) AS [CONVERT_1], CONVERT(varchar(27), [LastModified], 121) AS [CONVERT_2] FROM [UserAccount] ORDER BY CAST([UserNo] AS NVARCHAR(60)) COLLATE Latin1_General_BIN2;
-- going on: WHERE (CAST([UserNo] AS NVARCHAR(60)) COLLATE Latin1_General_BIN2) > ?  -- K7
SELECT count(*) AS count_1, max(CAST([UserNo] AS NVARCHAR(60)) COLLATE Latin1_General_BIN2) AS max_1, max(CONVERT(varchar(18), CONVERT(binary(8), [RowVer]), 1)) AS max_2, max(CONVERT(varchar(27), [LastModified], 121)) AS max_3 FROM [UserAccount];

-- referral_source
SELECT [RefdrID], [RefType], [RefdrTitle], [RefdrFirstName], [RefdrLastName], [RefdrDegree], [RefdrPractice], [RefdrNPI], [RefdrWorkPhone], [RefdrFax], [RefdrEmail], [RefdrWeb], [RefdrStreet], [RefdrStreet2], [RefdrCity], [RefdrState], [RefdrZip], [IsHidden], CONVERT(varchar(27), [DateEntered], 121) AS [CONVERT_1], CONVERT(varchar(27), [LastModified], 121) AS [CONVERT_2] FROM [ReferDr] ORDER BY CAST([RefdrID] AS NVARCHAR(60)) COLLATE Latin1_General_BIN2;
-- going on: WHERE (CAST([RefdrID] AS NVARCHAR(60)) COLLATE Latin1_General_BIN2) > ?  -- K7
SELECT count(*) AS count_1, max(CAST([RefdrID] AS NVARCHAR(60)) COLLATE Latin1_General_BIN2) AS max_1, max(CONVERT(varchar(18), CONVERT(binary(8), [RowVer]), 1)) AS max_2, max(CONVERT(varchar(27), [LastModified], 121)) AS max_3 FROM [ReferDr];

-- patient
SELECT [PatID], [AccountNO], [BridgePatID], [Title], [FirstName], [MiddleInitial], [LastName], [Suffix], [NickName], [Sex], CONVERT(varchar(27), [BirthDate], 121) AS [CONVERT_1], [PatStatus], [Email], [HomePhone], [CellPhone], [WorkPhone], [WorkPhoneExt], [NoContact], [OfficeCode], [ProvNo], [HygNo], [SmokeStat], [CigsPerDay], [Diabetes], [HbA1c], CONVERT(varchar(27), [FirstVisit], 121) AS [CONVERT_2], CONVERT(varchar(27), [DateEntered], 121) AS [CONVERT_3], CONVERT(varchar(27), [LastModified], 121) AS [CONVERT_4] FROM [Patient] ORDER BY CAST([PatID] AS NVARCHAR(60)) COLLATE Latin1_General_BIN2;
-- going on: WHERE (CAST([PatID] AS NVARCHAR(60)) COLLATE Latin1_General_BIN2) > ?  -- K7
SELECT count(*) AS count_1, max(CAST([PatID] AS NVARCHAR(60)) COLLATE Latin1_General_BIN2) AS max_1, max(CONVERT(varchar(18), CONVERT(binary(8), [RowVer]), 1)) AS max_2, max(CONVERT(varchar(27), [LastModified], 121)) AS max_3 FROM [Patient];

-- referral
SELECT [ReferralNo], [PatID], [RefdrID], [RefDirection], CONVERT(varchar(27), [RefDate], 121) AS [CONVERT_1], [IsPrimary], [Reason], CONVERT(varchar(27), [DateEntered], 121) AS [CONVERT_2], CONVERT(varchar(27), [LastModified], 121) AS [CONVERT_3] FROM [PatReferral] ORDER BY [ReferralNo];
-- going on: WHERE [ReferralNo] > ?  -- 7
SELECT count(*) AS count_1, max([ReferralNo]) AS max_1, max(CONVERT(varchar(18), CONVERT(binary(8), [RowVer]), 1)) AS max_2, max(CONVERT(varchar(27), [LastModified], 121)) AS max_3 FROM [PatReferral];

-- appointment
SELECT [VisitNo], [PatID], [ProvNo], [OfficeCode], CONVERT(varchar(27), [VisitDateTime], 121) AS [CONVERT_1], [LengthMin], [VisitType], [ProcDescript], [VisitStatus], [VisitNote], CONVERT(varchar(27), [DateEntered], 121) AS [CONVERT_2], CONVERT(varchar(27), [LastModified], 121) AS [CONVERT_3] FROM [Visit] ORDER BY [VisitNo];
-- going on: WHERE [VisitNo] > ?  -- 7
SELECT count(*) AS count_1, max([VisitNo]) AS max_1, max(CONVERT(varchar(18), CONVERT(binary(8), [RowVer]), 1)) AS max_2, max(CONVERT(varchar(27), [LastModified], 121)) AS max_3 FROM [Visit];

-- perio_exam
SELECT [ExamNo], [PatID], [ProvNo], CONVERT(varchar(27), [ExamDate], 121) AS [CONVERT_1], [ExamType], [Remark], CONVERT(varchar(27), [DateEntered], 121) AS [CONVERT_2], CONVERT(varchar(27), [LastModified], 121) AS [CONVERT_3] FROM [PerioExam] ORDER BY [ExamNo];
-- going on: WHERE [ExamNo] > ?  -- 7
SELECT count(*) AS count_1, max([ExamNo]) AS max_1, max(CONVERT(varchar(18), CONVERT(binary(8), [RowVer]), 1)) AS max_2, max(CONVERT(varchar(27), [LastModified], 121)) AS max_3 FROM [PerioExam];

-- perio_tooth
SELECT [ExamNo], [ToothNo], [ToothStat], [Mobility], [FurcB], [FurcL], [FurcM], [FurcD] FROM [PerioTooth] ORDER BY [ExamNo], [ToothNo];
-- going on: WHERE [ExamNo] > ? OR [ExamNo] = ? AND [ToothNo] > ?  -- 7, 7, 7
SELECT count(*) AS count_1, max([ExamNo]) AS max_1, max([ToothNo]) AS max_2, max(CONVERT(varchar(18), CONVERT(binary(8), [RowVer]), 1)) AS max_3 FROM [PerioTooth];

-- perio_site
SELECT [ExamNo], [ToothNo], [PD_MB], [PD_B], [PD_DB], [PD_ML], [PD_L], [PD_DL], [GM_MB], [GM_B], [GM_DB], [GM_ML], [GM_L], [GM_DL], [BSPC_MB], [BSPC_B], [BSPC_DB], [BSPC_ML], [BSPC_L], [BSPC_DL] FROM [PerioMeas] ORDER BY [ExamNo], [ToothNo];
-- going on: WHERE [ExamNo] > ? OR [ExamNo] = ? AND [ToothNo] > ?  -- 7, 7, 7
SELECT count(*) AS count_1, max([ExamNo]) AS max_1, max([ToothNo]) AS max_2, max(CONVERT(varchar(18), CONVERT(binary(8), [RowVer]), 1)) AS max_3 FROM [PerioMeas];

-- perio_diagnosis
SELECT [DxNo], [PatID], [ExamNo], [ProvNo], CONVERT(varchar(27), [DxDateTime], 121) AS [CONVERT_1], [AAPClass], [AAPGrade], [AAPExtent], CONVERT(varchar(27), [DateEntered], 121) AS [CONVERT_2], CONVERT(varchar(27), [LastModified], 121) AS [CONVERT_3] FROM [PerioDx] ORDER BY [DxNo];
-- going on: WHERE [DxNo] > ?  -- 7
SELECT count(*) AS count_1, max([DxNo]) AS max_1, max(CONVERT(varchar(18), CONVERT(binary(8), [RowVer]), 1)) AS max_2, max(CONVERT(varchar(27), [LastModified], 121)) AS max_3 FROM [PerioDx];

-- procedure_code
SELECT [ProcCode], [AbbrDesc], [TreatArea], [Category], [Fee], CONVERT(varchar(27), [DateEntered], 121) AS [CONVERT_1], CONVERT(varchar(27), [LastModified], 121) AS [CONVERT_2] FROM [ProcCode] ORDER BY CAST([ProcCode] AS NVARCHAR(60)) COLLATE Latin1_General_BIN2;
-- going on: WHERE (CAST([ProcCode] AS NVARCHAR(60)) COLLATE Latin1_General_BIN2) > ?  -- K7
SELECT count(*) AS count_1, max(CAST([ProcCode] AS NVARCHAR(60)) COLLATE Latin1_General_BIN2) AS max_1, max(CONVERT(varchar(18), CONVERT(binary(8), [RowVer]), 1)) AS max_2, max(CONVERT(varchar(27), [LastModified], 121)) AS max_3 FROM [ProcCode];

-- treatment_plan
SELECT [PlanNo], [PatID], [ProvNo], [Heading], [PlanStatus], CONVERT(varchar(27), [DatePresented], 121) AS [CONVERT_1], CONVERT(varchar(27), [DateAccepted], 121) AS [CONVERT_2], [Remark], CONVERT(varchar(27), [DateEntered], 121) AS [CONVERT_3], CONVERT(varchar(27), [LastModified], 121) AS [CONVERT_4] FROM [TxPlan] ORDER BY [PlanNo];
-- going on: WHERE [PlanNo] > ?  -- 7
SELECT count(*) AS count_1, max([PlanNo]) AS max_1, max(CONVERT(varchar(18), CONVERT(binary(8), [RowVer]), 1)) AS max_2, max(CONVERT(varchar(27), [LastModified], 121)) AS max_3 FROM [TxPlan];

-- treatment_phase
SELECT [PhaseNo], [PlanNo], [PhaseOrder], [PhaseName], [PhaseStatus], CONVERT(varchar(27), [DateStarted], 121) AS [CONVERT_1], CONVERT(varchar(27), [DateCompleted], 121) AS [CONVERT_2] FROM [TxPhase] ORDER BY [PhaseNo];
-- going on: WHERE [PhaseNo] > ?  -- 7
SELECT count(*) AS count_1, max([PhaseNo]) AS max_1, max(CONVERT(varchar(18), CONVERT(binary(8), [RowVer]), 1)) AS max_2 FROM [TxPhase];

-- treatment_item
SELECT [ItemNo], [PlanNo], [PhaseNo], [ItemOrder], [ProcCode], [Descript], [SurfArea], [ToothRange], [FeeAmt], [ItemStatus], CONVERT(varchar(27), [DateScheduled], 121) AS [CONVERT_1], CONVERT(varchar(27), [DateCompleted], 121) AS [CONVERT_2], [HealWeeks], CONVERT(varchar(27), [DateEntered], 121) AS [CONVERT_3], CONVERT(varchar(27), [LastModified], 121) AS [CONVERT_4] FROM [TxItem] ORDER BY [ItemNo];
-- going on: WHERE [ItemNo] > ?  -- 7
SELECT count(*) AS count_1, max([ItemNo]) AS max_1, max(CONVERT(varchar(18), CONVERT(binary(8), [RowVer]), 1)) AS max_2, max(CONVERT(varchar(27), [LastModified], 121)) AS max_3 FROM [TxItem];

-- clinical_note
SELECT [NoteNo], [PatID], [VisitNo], [ProvNo], [NoteType], CONVERT(varchar(27), [NoteDateTime], 121) AS [CONVERT_1], [BodyFormat], [NoteBody], CONVERT(varchar(27), [DateEntered], 121) AS [CONVERT_2], CONVERT(varchar(27), [LastModified], 121) AS [CONVERT_3] FROM [InstaNote] ORDER BY [NoteNo];
-- going on: WHERE [NoteNo] > ?  -- 7
SELECT count(*) AS count_1, max([NoteNo]) AS max_1, max(CONVERT(varchar(18), CONVERT(binary(8), [RowVer]), 1)) AS max_2, max(CONVERT(varchar(27), [LastModified], 121)) AS max_3 FROM [InstaNote];

-- letter_template
SELECT [TemplateNo], [TemplateName], [RecipientType], [TemplateRtf], CONVERT(varchar(27), [DateEntered], 121) AS [CONVERT_1], CONVERT(varchar(27), [LastModified], 121) AS [CONVERT_2] FROM [LetterTemplate] ORDER BY CAST([TemplateNo] AS NVARCHAR(60)) COLLATE Latin1_General_BIN2;
-- going on: WHERE (CAST([TemplateNo] AS NVARCHAR(60)) COLLATE Latin1_General_BIN2) > ?  -- K7
SELECT count(*) AS count_1, max(CAST([TemplateNo] AS NVARCHAR(60)) COLLATE Latin1_General_BIN2) AS max_1, max(CONVERT(varchar(18), CONVERT(binary(8), [RowVer]), 1)) AS max_2, max(CONVERT(varchar(27), [LastModified], 121)) AS max_3 FROM [LetterTemplate];

-- letter
SELECT [LetterNo], [PatID], [TemplateNo], [RefdrID], [PlanNo], CONVERT(varchar(27), [LetterDateTime], 121) AS [CONVERT_1], [Subject], [LetterFormat], [LetterRtf], CONVERT(varchar(27), [DateEntered], 121) AS [CONVERT_2], CONVERT(varchar(27), [LastModified], 121) AS [CONVERT_3] FROM [Letter] ORDER BY [LetterNo];
-- going on: WHERE [LetterNo] > ?  -- 7
SELECT count(*) AS count_1, max([LetterNo]) AS max_1, max(CONVERT(varchar(18), CONVERT(binary(8), [RowVer]), 1)) AS max_2, max(CONVERT(varchar(27), [LastModified], 121)) AS max_3 FROM [Letter];

-- image_reference
SELECT [ImageNo], [PatID], [ImageType], CONVERT(varchar(27), [DateTaken], 121) AS [CONVERT_1], [ToothRange], [FilePath], [FileBytes], CONVERT(varchar(27), [DateEntered], 121) AS [CONVERT_2], CONVERT(varchar(27), [LastModified], 121) AS [CONVERT_3] FROM [ImageRef] ORDER BY [ImageNo];
-- going on: WHERE [ImageNo] > ?  -- 7
SELECT count(*) AS count_1, max([ImageNo]) AS max_1, max(CONVERT(varchar(18), CONVERT(binary(8), [RowVer]), 1)) AS max_2, max(CONVERT(varchar(27), [LastModified], 121)) AS max_3 FROM [ImageRef];

-- insurance_policy
SELECT [PolicyNo], [PatID], [Ordinal], [CarrierName], [SubscriberNo], [GroupNo], [Relation], CONVERT(varchar(27), [DateEffective], 121) AS [CONVERT_1], CONVERT(varchar(27), [DateTerm], 121) AS [CONVERT_2], CONVERT(varchar(27), [DateEntered], 121) AS [CONVERT_3], CONVERT(varchar(27), [LastModified], 121) AS [CONVERT_4] FROM [InsPolicy] ORDER BY [PolicyNo];
-- going on: WHERE [PolicyNo] > ?  -- 7
SELECT count(*) AS count_1, max([PolicyNo]) AS max_1, max(CONVERT(varchar(18), CONVERT(binary(8), [RowVer]), 1)) AS max_2, max(CONVERT(varchar(27), [LastModified], 121)) AS max_3 FROM [InsPolicy];

-- insurance_coverage
SELECT [PolicyNo], [CovClass], [CovPercent] FROM [InsCoverage] ORDER BY [PolicyNo], CAST([CovClass] AS NVARCHAR(60)) COLLATE Latin1_General_BIN2;
-- going on: WHERE [PolicyNo] > ? OR [PolicyNo] = ? AND (CAST([CovClass] AS NVARCHAR(60)) COLLATE Latin1_General_BIN2) > ?  -- 7, 7, K7
SELECT count(*) AS count_1, max([PolicyNo]) AS max_1, max(CAST([CovClass] AS NVARCHAR(60)) COLLATE Latin1_General_BIN2) AS max_2, max(CONVERT(varchar(18), CONVERT(binary(8), [RowVer]), 1)) AS max_3 FROM [InsCoverage];

-- recall_rule
SELECT [RuleNo], [RuleName], [AAPClass], [IntervalMonths], [VisitType], [IsActive] FROM [RecallRule] ORDER BY [RuleNo];
-- going on: WHERE [RuleNo] > ?  -- 7
SELECT count(*) AS count_1, max([RuleNo]) AS max_1, max(CONVERT(varchar(18), CONVERT(binary(8), [RowVer]), 1)) AS max_2 FROM [RecallRule];

-- practice_finding
SELECT [FindingNo], [PatID], [ExamNo], [ToothNo], [FindingName], [FindingValue], CONVERT(varchar(27), [DateRecorded], 121) AS [CONVERT_1] FROM [CustomFinding] ORDER BY [FindingNo];
-- going on: WHERE [FindingNo] > ?  -- 7
SELECT count(*) AS count_1, max([FindingNo]) AS max_1, max(CONVERT(varchar(18), CONVERT(binary(8), [RowVer]), 1)) AS max_2 FROM [CustomFinding];
