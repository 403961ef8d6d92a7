# One timed fit by lme4, nlme or survival in a process of its own; prints one line of JSON.
# Rscript one_fit.R DATA SMALL FORMULA PEER DRAWS DERIVATIVES: as one_fit.py, by lmer, glmer (0/1),
# lme (residuals that correlate from session to session), coxph (errors by therapist, or
# coxph_unclustered) or agreg (coxph's climb alone), with their defaults but for DERIVATIVES (lme4's
# checks; TRUE is the default).
given <- commandArgs(TRUE)
package <- c(lmer = "lme4", glmer = "lme4", lme = "nlme", coxph = "survival",
             coxph_unclustered = "survival", agreg = "survival")[[given[4]]]
suppressPackageStartupMessages(library(if (package == "nlme") "lme4" else package,
                                       character.only = TRUE))
formula <- as.formula(given[3])
draws <- as.integer(given[5])
derivatives <- as.logical(given[6])

resident <- function(line) {
  found <- grep(line, readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", found)) / 1024
}

measured <- function(run) {
  invisible(gc())
  loaded <- resident("VmRSS")
  cat("5", file = "/proc/self/clear_refs")
  seconds <- system.time(found <- run())[["elapsed"]]
  list(found = found, seconds = seconds, mb = resident("VmHWM") - loaded)
}

# lme takes the random terms as a list, the outer factor first, and nothing that crosses.
nested <- function(data) {
  terms <- findbars(formula)
  names(terms) <- vapply(terms, function(term) deparse(term[[3]]), "")
  levels <- vapply(names(terms), function(name) length(unique(data[[name]])), 1)
  lapply(terms[order(levels)], function(term) as.formula(paste("~", deparse(term[[2]]))))
}

peers <- list(
  lmer = function(data) {
    lmer(formula, data, REML = TRUE, control = lmerControl(calc.derivs = derivatives))
  },
  glmer = function(data) {
    glmer(formula, data, binomial, control = glmerControl(calc.derivs = derivatives))
  },
  lme = function(data) {
    random <- nested(data)
    series <- as.formula(paste("~ session |", paste(names(random), collapse = " / ")))
    nlme::lme(nobars(formula), data, random, nlme::corAR1(form = series), method = "REML")
  },
  coxph = function(data) {
    coxph(update(formula, Surv(start, stop, left) ~ .), data, cluster = therapist)
  },
  coxph_unclustered = function(data) coxph(update(formula, Surv(start, stop, left) ~ .), data),
  # What is left of coxph without its residuals, its test of Wald's and its concordance.
  agreg = function(data) {
    x <- model.matrix(formula, data)[, -1]
    y <- with(data, Surv(start, stop, left))
    none <- rep(0, nrow(x))
    found <- agreg.fit(x, y, NULL, none, NULL, coxph.control(), NULL, "efron", NULL, resid = FALSE)
    structure(c(found, n = nrow(x)), class = "coxph")
  }
)
fit <- peers[[given[4]]]

invisible(suppressWarnings(suppressMessages(fit(readRDS(given[2])))))
data <- readRDS(given[1])
said <- character()
heard <- function(condition) said <<- c(said, conditionMessage(condition))
cost <- withCallingHandlers(
  measured(function() fit(data)),
  warning = function(w) { heard(w); invokeRestart("muffleWarning") },
  message = function(m) { heard(m); invokeRestart("muffleMessage") }
)
model <- cost$found
if (draws > 0) cost <- measured(function() bootMer(model, fixef, nsim = draws, seed = 1))

quoted <- function(text) paste0("[", paste(dQuote(gsub("[\"\\\\\n]", " ", text), FALSE),
                                           collapse = ", ")[length(text) > 0], "]")
rows <- if (package == "survival") model$n else nobs(model)
cat(sprintf(
  paste0('{"seconds": %.4f, "mb": %.1f, "loglik": %.6f, "messages": %s, "rows": %d, ',
         '"versions": {"R": "%s", "%s": "%s", "Matrix": "%s", "R_BLAS": "%s"}}\n'),
  cost$seconds, cost$mb, as.numeric(logLik(model)), quoted(said), rows,
  getRversion(), package, packageDescription(package)$Version,
  packageDescription("Matrix")$Version,
  paste(basename(c(sessionInfo()$BLAS, La_library())), collapse = " and ")
))
