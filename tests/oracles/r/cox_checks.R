# What R's survival says of a Cox fit after it is fitted: proportional hazards, residuals,
# concordance, curves, therapists' frailty. Values of tests/oracles/test_cox_checks.py.
# Run from the project's root:  Rscript tests/oracles/r/cox_checks.R
# It draws tests/oracles/cox_checks/rows.csv (ties, late entry, scores that change, strata,
# therapists) and writes tests/oracles/r/cox_checks.json. Rows of survival's own data sets are under
# the LGPL and stay there; they go to the folder SESSIONWISE_EXTRA_DATA names, which holds
# addicts_methadone.csv (Caplehorn & Bell 1991, 238 rows) already: its rows are not ours to keep.
suppressPackageStartupMessages({library(survival); library(jsonlite)})
set.seed(1987)
clients <- 160; therapists <- 14
lean <- rnorm(therapists, 0, .6)
one <- function(client) {
  therapist <- sample(therapists, 1); clinic <- sample(3, 1); severity <- round(rnorm(1), 2)
  first <- if (runif(1) < .25) sample(4, 1) else 0
  kind <- sample(c("in_person", "video", "phone"), 1, prob = c(.5, .3, .2))
  rows <- NULL; srs <- 34 + rnorm(1, 0, 3)
  for (session in seq(first + 1, 14)) {
    srs <- 34 + .6 * (srs - 34) + rnorm(1, 0, 2.5)
    score <- round(min(40, srs), 1)
    hazard <- plogis(-2.4 - .12 * (score - 34) * (1 - session / 14) * 2 + .3 * severity + lean[therapist])
    left <- as.integer(runif(1) < hazard)
    rows <- rbind(rows, data.frame(client, therapist, clinic, start = session - 1, stop = session,
                                   left, srs = round(score - 34, 1), severity, kind))
    if (left == 1 || runif(1) < .04) break
  }
  rows
}
rows <- do.call(rbind, lapply(seq_len(clients), one))
rows$kind <- factor(rows$kind, c("in_person", "video", "phone"))
write.csv(rows, "tests/oracles/cox_checks/rows.csv", row.names = FALSE, quote = FALSE)

tests_of <- function(fit) {
  said <- lapply(c("km", "identity", "rank", "log"), function(transform) {
    found <- cox.zph(fit, transform = transform)
    list(transform = transform, term = rownames(found$table), chisq = unname(found$table[, 1]),
         df = unname(found$table[, 2]), p = unname(found$table[, 3]), x = if (transform == "km") found$x,
         time = if (transform == "km") found$time, y = if (transform == "km") unname(found$y))
  })
  setNames(said, c("km", "identity", "rank", "log"))
}
residuals_of <- function(fit) list(
  martingale = unname(residuals(fit, "martingale")), deviance = unname(residuals(fit, "deviance")),
  dfbeta = unname(residuals(fit, "dfbeta")), schoenfeld = unname(residuals(fit, "schoenfeld")))
concordance_of <- function(...) {
  found <- concordance(...)
  count <- if (is.matrix(found$count)) colSums(found$count) else found$count
  list(estimate = unname(found$concordance), variance = found$var, count = unname(count))
}
curves_of <- function(fit, new) {
  found <- survfit(fit, newdata = new, conf.type = "log-log", censor = FALSE)
  list(time = found$time, strata = unname(found$strata), at_risk = found$n.risk,
       hazard = unname(found$cumhaz), se = unname(found$std.err), surv = unname(found$surv),
       low = unname(found$lower), high = unname(found$upper))
}
said_of <- function(formula, data, ties, new) {
  DATA <<- data
  fit <- eval(bquote(coxph(.(formula), DATA, ties = .(ties), x = TRUE, y = TRUE, control = fine)))
  list(formula = deparse1(formula), ties = ties, estimate = unname(coef(fit)), var = unname(vcov(fit)),
       loglik = fit$loglik[2], zph = tests_of(fit), residuals = residuals_of(fit),
       concordance = concordance_of(fit), curves = curves_of(fit, new),
       base = with(basehaz(fit, centered = FALSE), list(hazard = hazard, time = time)))
}
fine <- coxph.control(eps = 1e-11, toler.chol = 1e-13, iter.max = 50)
response <- "Surv(start, stop, left) ~ "
new <- data.frame(srs = c(-4, 3), severity = c(0, 1), kind = factor(c("video", "in_person"), levels(rows$kind)))
cases <- list()
for (ties in c("efron", "breslow")) {
  cases[[paste0("plain_", ties)]] <- said_of(as.formula(paste(response, "srs + severity")), rows, ties, new)
  cases[[paste0("plain_", ties)]]$residuals <- NULL
  cases[[paste0("strata_", ties)]] <-
    said_of(as.formula(paste(response, "srs + severity + kind + strata(clinic)")), rows, ties, new)
}
plain <- coxph(Surv(start, stop, left) ~ srs + severity, rows, x = TRUE, y = TRUE)
clustered <- c(client = "client", therapist = "therapist")
concordances <- lapply(clustered, function(by) concordance_of(plain, cluster = rows[[by]]))
rough <- coxph(Surv(start, stop, left) ~ round(srs / 3), rows)  # many ties of the risk
concordances$rough <- concordance_of(rough)
robust <- coxph(Surv(start, stop, left) ~ srs + severity, rows, cluster = therapist)
robust_curves <- curves_of(robust, new)

moving <- survfit(plain, newdata = data.frame(start = c(0, 5), stop = c(5, 14), left = 0, srs = c(-4, 3),
                                              severity = 0, who = 1), id = who, censor = FALSE)
path <- list(time = moving$time, hazard = moving$cumhaz)

tight <- coxph.control(eps = 1e-11, toler.chol = 1e-13, outer.max = 60, iter.max = 60)
frailty_of <- function(data, response, ties, sparse) {
  shared <- sprintf("frailty(therapist, distribution = 'gaussian', sparse = %s, method = 'reml', eps = 1e-11)", sparse)
  DATA <<- data
  fit <- eval(bquote(coxph(.(as.formula(paste(response, "+", shared))), DATA, ties = .(ties), control = tight)))
  mixed <- fit$history[[1]]
  many <- length(unique(data$therapist))
  p <- length(coef(fit)) - if (sparse) 0 else many
  list(ties = ties, sparse = sparse, estimate = unname(coef(fit)[seq_len(p)]),
       se = unname(sqrt(diag(as.matrix(fit$var))[seq_len(p)])),
       theta = unname(mixed$history[nrow(mixed$history), 1]),
       modes = unname(if (sparse) fit$frail else coef(fit)[p + seq_len(many)]))
}
frailties <- list()
for (ties in c("efron", "breslow")) for (sparse in c(TRUE, FALSE))
  frailties[[length(frailties) + 1]] <-
    frailty_of(rows, "Surv(start, stop, left) ~ srs + severity", ties, sparse)

# At R's own deviations, given as an offset, what is asked of the fit.
whole_fit <- with(list(f = frailties[[2]]), f)
rows$deviation <- whole_fit$modes[match(rows$therapist, sort(unique(rows$therapist)))]
held <- coxph(Surv(start, stop, left) ~ srs + severity + offset(deviation), rows, x = TRUE, y = TRUE, control = fine)
given_deviations <- list(zph = tests_of(held)["km"], martingale = unname(residuals(held, "martingale")),
                         concordance = concordance_of(held))

# Data sets of the package: values only.
extra <- Sys.getenv("SESSIONWISE_EXTRA_DATA")
kept <- function(data, name) {
  if (extra != "") write.csv(data, file.path(extra, paste0("cox_", name, ".csv")), row.names = FALSE, quote = FALSE)
  data
}
whole <- function(data) transform(data, start = 0)
lung1 <- kept(with(whole(lung), na.omit(data.frame(start, stop = time, left = status - 1, age, sex, ph.ecog))), "lung")
heart1 <- kept(with(heart, data.frame(start, stop, left = event, age, year, surgery,
                                      transplant = as.numeric(transplant == "1"), id)), "heart")
pbc1 <- kept(with(pbc[!is.na(pbc$trt), ], na.omit(data.frame(start = 0, stop = time, left = as.integer(status == 2),
             age, edema, bili = log(bili), albumin = log(albumin), protime = log(protime)))), "pbc")
bladder1 <- kept(with(subset(bladder2, stop > start), data.frame(start, stop, left = event, rx, size, number, enum, id)), "bladder2")
addicts <- with(read.csv(file.path(extra, "addicts_methadone.csv")),
                data.frame(start = 0, stop = survt, left = status, clinic, prison, dose))
real <- list(
  addicts = said_of(Surv(start, stop, left) ~ clinic + prison + dose, addicts, "efron",
                    data.frame(clinic = 1:2, prison = 0, dose = 60)),
  lung = said_of(Surv(start, stop, left) ~ age + sex + ph.ecog, lung1, "efron",
                 data.frame(age = c(50, 70), sex = 1, ph.ecog = c(0, 2))),
  heart = said_of(Surv(start, stop, left) ~ age + year + surgery + transplant, heart1, "efron",
                  data.frame(age = c(-5, 5), year = 3, surgery = 0, transplant = c(0, 1))),
  pbc = said_of(Surv(start, stop, left) ~ age + edema + bili + albumin + protime, pbc1, "efron",
                data.frame(age = c(40, 60), edema = 0, bili = 0, albumin = 1.2, protime = 2.3)),
  bladder2 = said_of(Surv(start, stop, left) ~ rx + size + number + strata(enum), bladder1, "efron",
                     data.frame(rx = 1:2, size = 1, number = 2)))
# What can be compared without the rows is little: keep the summaries short.
real <- lapply(real, function(said) { said$residuals <- NULL
  said$zph <- lapply(said$zph, function(one) one[c("transform", "term", "chisq", "df", "p")]); said })

write(toJSON(list(versions = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
                  cases = cases, concordances = concordances, robust_curves = robust_curves, path = path,
                  frailties = frailties, given_deviations = given_deviations, real = real),
             digits = 12, auto_unbox = TRUE, na = "null", matrix = "rowmajor"), "tests/oracles/r/cox_checks.json")
