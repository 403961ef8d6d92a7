# Well-known data sets of R's packages. Their rows are under the GPL and stay there: only what R says
# of them is kept. Run from the project's root:  Rscript tests/oracles/r/classics.R
# It writes tests/oracles/r/classics.json. `checksum`: sum of the outcome, to know the rows by. Where
# SESSIONWISE_EXTRA_DATA names a folder, the rows go there for tests/oracles/test_classics.py.
source("tests/oracles/r/best_of_r.R")
suppressPackageStartupMessages(library(lmerTest))
data(Orthodont, package = "nlme"); data(dietox, package = "geepack")
data(sleepstudy, Penicillin, Pastes, InstEval, package = "lme4")
Orthodont <- as.data.frame(Orthodont)
Orthodont$Female <- as.numeric(Orthodont$Sex == "Female")
Orthodont$age8 <- Orthodont$age - 8
InstEval$service <- as.numeric(as.character(InstEval$service))
InstEval$dept_service <- interaction(InstEval$dept, InstEval$service, drop = TRUE)

cases <- list(
  sleepstudy_reml = list("Reaction ~ Days + (Days | Subject)", sleepstudy, TRUE),
  sleepstudy_ml = list("Reaction ~ Days + (Days | Subject)", sleepstudy, FALSE),
  sleepstudy_apart = list("Reaction ~ Days + (1 + Days || Subject)", sleepstudy, TRUE),
  sleepstudy_null = list("Reaction ~ 1 + (1 | Subject)", sleepstudy, TRUE),
  orthodont = list("distance ~ age * Female + (1 | Subject)", Orthodont, TRUE),
  orthodont_slope = list("distance ~ age8 + Female + (age8 | Subject)", Orthodont, TRUE),
  penicillin_reml = list("diameter ~ 1 + (1 | plate) + (1 | sample)", Penicillin, TRUE),
  penicillin_ml = list("diameter ~ 1 + (1 | plate) + (1 | sample)", Penicillin, FALSE),
  pastes_reml = list("strength ~ 1 + (1 | sample) + (1 | batch)", Pastes, TRUE),
  pastes_ml = list("strength ~ 1 + (1 | sample) + (1 | batch)", Pastes, FALSE),
  dietox = list("Weight ~ Time + (1 | Pig)", dietox, TRUE),
  dietox_slope = list("Weight ~ Time + (Time | Pig)", dietox, TRUE),
  insteval = list("y ~ service + (1 | s) + (1 | d) + (1 | dept_service)", InstEval, TRUE))

extra <- Sys.getenv("SESSIONWISE_EXTRA_DATA")
if (extra != "") for (name in names(cases)[!duplicated(sub("_.*", "", names(cases)))])
  write.csv(cases[[name]][[2]], file.path(extra, paste0("classics_", sub("_.*", "", name), ".csv")),
            row.names = FALSE, quote = FALSE)

satterthwaite <- function(formula, data, reml, start) {
  fit <- eval(bquote(lmerTest::lmer(.(formula), data, REML = .(reml), control = tight,
                                    start = .(start))))
  table <- coef(summary(fit, ddf = "Satterthwaite"))
  terms_of(setNames(table[, "df"], rownames(table)))
}
fits <- lapply(names(cases), function(name) {
  set.seed(1)
  case <- cases[[name]]; formula <- as.formula(case[[1]]); data <- case[[2]]; large <- nrow(data) > 1e4
  if (large) {
    fit <- lmer(formula, data, REML = case[[3]], control = tight)
    again <- lmer(formula, data, REML = case[[3]], control = tight, start = getME(fit, "theta") * 1.05)
    if (logLik(again) > logLik(fit)) fit <- again
    found <- list(fit = fit, lme4 = as.numeric(logLik(fit)), tmb = NA, loglik = as.numeric(logLik(fit)))
  } else found <- best_fit(formula, data, case[[3]])
  c(list(name = name, set = sub("_.*", "", name), formula = case[[1]], checksum = sum(data[[all.vars(formula)[1]]])), said(found),
    list(satterthwaite = if (large) NULL else
      satterthwaite(formula, data, case[[3]], getME(found$fit, "theta"))))
})
written(list(r = R.version.string,
             packages = versions("lme4", "glmmTMB", "lmerTest", "nlme", "geepack", "nloptr")),
        "fits", fits, "tests/oracles/r/classics.json")
